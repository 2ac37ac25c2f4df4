import Foundation
import Testing

@testable import MemoServer

struct ServerConfigurationTests {
    private func resolve(
        _ options: [SettingName: [String]] = [:], environment: [String: String] = [:], file: String? = nil
    ) throws -> ServerConfiguration {
        var environment = environment
        environment["HOME"] = environment["HOME"] ?? "/nonexistent/me"
        return try ServerConfiguration(
            Settings(
                options: options, environment: environment,
                file: file.map { try ConfigurationFile(path: "memod.conf", text: $0) }),
            environment: environment)
    }

    private func error(
        _ options: [SettingName: [String]] = [:], environment: [String: String] = [:], file: String? = nil
    ) -> String? {
        do {
            _ = try resolve(options, environment: environment, file: file)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func defaults() throws {
        let configuration = try resolve()
        #expect(configuration.hotBytes == 256 << 20)
        #expect(configuration.coldBytes == 4 << 30)
        #expect(configuration.maxLineBytes == 64 << 20)
        #expect(configuration.maxConnections == 10_000)
        #expect(configuration.durability == .normal)
        #expect(configuration.flushIntervalMs == 100)
        #expect(configuration.interning)
        #expect(configuration.isolation == .none)
        #expect(configuration.socketMode == 0o600)
        #expect(configuration.access == AccessRules())
        #expect(configuration.databasePath == "/nonexistent/me/.cache/memod/memod.db")
        #expect(configuration.origins.values.allSatisfy { $0 == .builtIn })
    }

    @Test func theStrongestSourceWins() throws {
        let file = "hot-bytes = 1MiB\ncold-bytes = 1GiB\n# a comment\n\n  max-connections=7  \n"
        let configuration = try resolve(
            [.hotBytes: ["3MiB"]], environment: ["MEMOD_HOT_BYTES": "2MiB", "MEMOD_COLD_BYTES": "2GiB"],
            file: file)
        #expect(configuration.hotBytes == 3 << 20)
        #expect(configuration.coldBytes == 2 << 30)
        #expect(configuration.maxConnections == 7)
        #expect(configuration.origins[.hotBytes] == .option(.hotBytes))
        #expect(configuration.origins[.coldBytes] == .environment("MEMOD_COLD_BYTES"))
        #expect(configuration.origins[.maxConnections] == .file(path: "memod.conf", line: 5))
        #expect(configuration.origins[.interning] == .builtIn)
    }

    @Test func everySettingCanComeFromEverySource() throws {
        let directory = FileManager.default.temporaryDirectory.path + "/memod-files-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        // These are looked at.
        func file(_ name: String, _ text: String) -> String {
            let path = "\(directory)/\(name)"
            let isMade = FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
            #expect(isMade)
            return path
        }
        func pem(_ label: String) -> String { "-----BEGIN \(label)-----\nAA==\n-----END \(label)-----\n" }
        let values: [SettingName: String] = [
            .socket: "/s", .database: "/d", .hotBytes: "1MiB", .coldBytes: "2MiB", .maxLine: "1MiB",
            .maxConnections: "5", .ioThreads: "2", .durability: "full", .flushInterval: "1s",
            .interning: "off", .isolation: "user", .shared: "a*", .socketMode: "0640", .allowUser: "17",
            .allowGroup: "18", .adminGroup: "19", .sharedBytes: "1MiB", .idleExit: "1h", .logLevel: "debug",
            .remoteURL: "rediss://r@cache", .remoteNamespace: "n", .remoteFunctions: "f*",
            .remoteMode: "read-only", .remoteBudget: "5ms", .remoteValueMax: "2MiB", .remoteQueue: "3MiB",
            .remoteKeyFile: file("key", String(repeating: "a1", count: 32) + "\n"),
            .remotePasswordFile: file("password", "p\n"), .remoteCAFile: file("ca", pem("CERTIFICATE")),
            .remoteCertificateFile: file("certificate", pem("CERTIFICATE")),
            .remoteCertificateKeyFile: file("certificate-key", pem("PRIVATE KEY")),
        ]
        // remote and remote-url exclude each other.
        #expect(values.count == SettingName.allCases.count - 1)
        #expect(try resolve([.remote: ["/r"]]).text(of: .remote) == "/r")
        let options = try resolve(values.mapValues { [$0] })
        let environment = try resolve(
            environment: Dictionary(uniqueKeysWithValues: values.map { ($0.environmentName, $1) }))
        let configured = try resolve(file: values.map { "\($0.rawValue) = \($1)\n" }.joined())
        for name in SettingName.allCases where name != .remote {
            #expect(options.text(of: name) == values[name])
            #expect(environment.text(of: name) == values[name])
            #expect(configured.text(of: name) == values[name])
        }
        #expect(options.changes(to: configured).isEmpty)
    }

    @Test func lists() throws {
        let environment = try resolve(environment: ["MEMOD_SHARED": "a*,b"], file: "shared = c\n")
        #expect(environment.sharedPatterns == ["a*", "b"])
        #expect(try resolve(file: "shared = a,b\nshared = c\n").sharedPatterns == ["a,b", "c"])
    }

    @Test func errorsNameSettingValueAndSource() {
        #expect(error([.hotBytes: ["12XB"]])?.contains("hot-bytes: \"12XB\" is not a size") == true)
        #expect(error([.hotBytes: ["12XB"]])?.hasSuffix("(option --hot-bytes)") == true)
        #expect(
            error(environment: ["MEMOD_FLUSH_INTERVAL": "3"])?
                .hasSuffix("(environment variable MEMOD_FLUSH_INTERVAL)") == true)
        #expect(error(file: "\ndurability = maybe\n")?.hasSuffix("(memod.conf, line 2)") == true)
    }

    /// The other would be found wrong the day that what overrides it is taken away.
    @Test func whatIsOverriddenHasToBeRightToo() {
        let wrong = "hot-bytes: \"much\" is not a size"
        #expect(error([.hotBytes: ["much", "1MiB"]])?.hasPrefix(wrong) == true)
        #expect(
            error([.hotBytes: ["1MiB"]], environment: ["MEMOD_HOT_BYTES": "much"])?.hasPrefix(wrong) == true)
        #expect(
            error([.hotBytes: ["1MiB"]], file: "\nhot-bytes = much\n")?.hasSuffix("(memod.conf, line 2)")
                == true)
        #expect(error(environment: ["MEMOD_HOT_BYTES": "1MiB"], file: "hot-bytes = much\n") != nil)
        #expect(error([.allowGroup: ["0"]], file: "allow-group = no such group\n") != nil)
        #expect(error([.remoteURL: ["redis://a"]], environment: ["MEMOD_REMOTE_URL": "http://a"]) != nil)
        #expect(error([.hotBytes: ["1MiB"]], environment: ["MEMOD_HOT_BYTES": "2MiB"]) == nil)
    }

    @Test func aLongValueIsShownShort() {
        let long = String(repeating: "1", count: 100_000)
        for text in [error([.hotBytes: [long]]), error(file: long), error(file: long + " = 1")] {
            #expect((text?.utf8.count ?? 0) < 500)
        }
    }

    @Test(arguments: [
        (SettingName.maxConnections, "0"), (.maxConnections, "x"), (.maxConnections, "+5"),
        (.ioThreads, "65"),
        (.maxLine, "1"), (.maxLine, "2GiB"), (.durability, "Full"), (.interning, "true"),
        (.isolation, "group"),
        (.socketMode, "0999"), (.socketMode, "7777"), (.socketMode, "-600"), (.allowUser, "no such user"),
        (.allowGroup, "no such group"), (.adminGroup, "-1"), (.logLevel, "loud"), (.flushInterval, "2d"),
        (.hotBytes, "-1"), (.shared, ""), (.socket, ""), (.database, ""), (.idleExit, "10"),
        (.idleExit, "-1s"),
    ])
    func wrongValues(_ name: SettingName, _ value: String) {
        #expect(error([name: [value]])?.hasPrefix(name.rawValue) == true)
    }

    @Test(arguments: [
        ("nonsense\n", "line 1"), ("hot-bytes=1\nhot-byte = 1\n", "line 2: there is no setting \"hot-byte\""),
        ("\nhot-bytes =\n", "line 2: hot-bytes has no value"),
        ("hot-bytes = 1\n\nhot-bytes = 2\n", "line 3: hot-bytes was set in line 1"),
        ("config = x\n", "there is no setting"),
        ("hot_bytes = 1\n", "line 1: there is no setting \"hot_bytes\"; did you mean hot-bytes?"),
        ("durabillity = full\n", "did you mean durability?"),
    ])
    func wrongFiles(_ text: String, _ expected: String) {
        #expect(error(file: text)?.contains(expected) == true)
        #expect(error(file: text)?.contains("memod.conf") == true)
    }

    @Test func variablesThatMeanNothingAreFound() {
        let names =
            SettingName.allCases.map(\.environmentName) + ["MEMOD_CONFIG", "MEMOD_TIMEOUT", "HOT_BITES"]
        var environment = Dictionary(uniqueKeysWithValues: names.map { ($0, "1") })
        #expect(UnknownVariables.find(in: environment).isEmpty)
        environment["MEMOD_HOT_BITES"] = "1GiB"
        environment["MEMOD_WEATHER"] = "fine"
        let found = UnknownVariables.find(in: environment)
        #expect(found.map(\.name) == ["MEMOD_HOT_BITES", "MEMOD_WEATHER"])
        #expect(found.map(\.meant) == ["MEMOD_HOT_BYTES", nil])
    }

    @Test func aFileThatCannotBeReadIsNamed() {
        #expect(throws: ConfigurationError.self) { try ConfigurationFile(path: "/nowhere/memod.conf") }
    }

    @Test func defaultPaths() {
        let all = DefaultPaths(
            environment: [
                "XDG_RUNTIME_DIR": "/run/user/7", "XDG_CACHE_HOME": "/c", "CACHE_DIRECTORY": "/a:/b",
                "HOME": "/h",
            ], user: 7)
        #expect(all.socket == "/run/user/7/memod/memod.sock")
        #expect(all.database == "/a/memod.db")
        let xdg = DefaultPaths(environment: ["XDG_CACHE_HOME": "/c", "HOME": "/h"], user: 7)
        #expect(xdg.socket == "/tmp/memod-7/memod.sock")
        #expect(xdg.database == "/c/memod/memod.db")
        let relative = DefaultPaths(
            environment: ["XDG_CACHE_HOME": "c", "XDG_RUNTIME_DIR": "r", "HOME": "/h"], user: 7)
        #expect(relative.socket == "/tmp/memod-7/memod.sock")
        #expect(relative.database == "/h/.cache/memod/memod.db")
    }

    @Test func socketModeFollowsWhoIsAllowed() throws {
        #expect(try resolve([.allowUser: ["5"]]).socketMode == 0o666)
        #expect(try resolve([.allowGroup: ["5"]]).socketMode == 0o660)
        #expect(try resolve([.allowGroup: ["5", "6"]]).socketMode == 0o666)
        #expect(try resolve([.allowGroup: ["5"], .adminGroup: ["5"]]).socketMode == 0o660)
        #expect(try resolve([.allowUser: ["5"], .socketMode: ["0600"]]).socketMode == 0o600)
    }

    @Test func onlyWhatCanBeReloadedIs() throws {
        var running = try resolve([.hotBytes: ["1MiB"], .durability: ["normal"]])
        let fresh = try resolve([.hotBytes: ["2MiB"], .durability: ["full"], .logLevel: ["debug"]])
        #expect(running.changes(to: fresh).map(\.name) == [.hotBytes, .durability, .logLevel])
        running.adoptReloadable(from: fresh)
        #expect(running.hotBytes == 2 << 20)
        #expect(running.durability == .normal)
        #expect(running.changes(to: fresh).map(\.name) == [.durability])
    }
}
