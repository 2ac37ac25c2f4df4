import Foundation
import MemodFixture
import Platform
import Testing

/// Daemons that memoctl starts and ends, each in a home of its own if no socket is named.
@Suite struct StartSystemTests {
    private let fixture: SystemFixture
    private let environment: [String: String]
    private var socket: String { fixture.directory + "/memod/memod.sock" }
    private var log: String { fixture.directory + "/.cache/memod/memod.log" }

    init() throws {
        fixture = try SystemFixture()
        environment = ["MEMOD_SOCKET": "", "XDG_RUNTIME_DIR": fixture.directory]
    }

    private func memoctl(_ arguments: String..., more: [String: String] = [:]) throws -> SystemFixture.Result
    {
        let (process, output, errors) = try fixture.start(
            arguments, environment: environment.merging(more) { $1 })
        try process.run()
        return fixture.finish(process, output, errors)
    }

    private var pid: Int32? {
        let text = try? String(contentsOfFile: socket + ".lock", encoding: .utf8)
        return text.flatMap { Int32($0.prefix { $0.isNumber }) }
    }

    @Test func whatPutsResultsStartsADaemon() throws {
        #expect(try memoctl("stats").status == 1)
        #expect(!FileManager.default.fileExists(atPath: socket))
        let put = try memoctl("put", "f", "1", "2", more: ["MEMOD_HOT_BYTES": "8MiB", "OTHER": "secret"])
        #expect(put.status == 0 && put.errors.isEmpty)
        defer { _ = try? memoctl("stop") }
        let pid = try #require(pid)
        let variables = try String(contentsOfFile: "/proc/\(pid)/environ", encoding: .utf8).split(
            separator: "\0")
        #expect(
            Set(variables) == [
                "HOME=\(fixture.directory)", "PATH=/usr/bin:/bin", "XDG_RUNTIME_DIR=\(fixture.directory)",
                "MEMOD_HOT_BYTES=8MiB", "MEMOD_AUTOSTART=1",
            ])
        let command = try String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)
        #expect(command.hasSuffix("/memod\0--idle-exit\01h\0"))
        #expect(getsid(pid) == pid)
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        #expect(status.contains("Umask:\t0077"))
        let manager = FileManager.default
        #expect(try manager.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd") == "/")
        #expect(try manager.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/0") == "/dev/null")
        #expect(try manager.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/2") == log)
        // Everything else that it has open is its own: nothing is left of the pipes of this test.
        for name in try manager.contentsOfDirectory(atPath: "/proc/\(pid)/fd") {
            let target = try? manager.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(name)")
            #expect(!(target ?? "").hasPrefix("pipe:"), "\(name)")
        }
        #expect(try memoctl("get", "f", "1").output == "2\n")
        #expect(try memoctl("run", "--", "echo", "hello").output == "hello\n")
    }

    @Test func startAndStop() throws {
        let started = try memoctl("start")
        #expect(started.status == 0 && started.output.hasPrefix("memod started at \(socket) (process "))
        #expect(try memoctl("start").output.hasPrefix("memod runs already at \(socket) (process "))
        let pid = try #require(pid)
        let stopped = try memoctl("stop")
        #expect(stopped.status == 0 && stopped.output == "memod at \(socket) has ended (process \(pid))\n")
        #expect(!FileManager.default.fileExists(atPath: socket))
        let again = try memoctl("stop")
        #expect(again.status == 1 && again.errors.contains("no memod of yours runs at \(socket)"))
        // The process that has that number now is none of memod's.
        try "\(getpid())\n".write(toFile: socket + ".lock", atomically: true, encoding: .utf8)
        #expect(try memoctl("stop").status == 1)
    }

    /// The program with a smaller version, which the compiler puts into its code.
    private func olderMemod() throws -> String? {
        func word(_ version: String) -> Data { Data(version.utf8) + Data(count: 8 - version.utf8.count) }
        var program = try Data(contentsOf: URL(fileURLWithPath: SystemFixture.program("memod")))
        let older = "0.0." + String(repeating: "0", count: Version.text.count - 4)
        var isThere = false
        while let place = program.range(of: word(Version.text)) {
            program.replaceSubrange(place, with: word(older))
            isThere = true
        }
        // On other processors it is in pieces.
        guard isThere else { return nil }
        let path = fixture.directory + "/older/memod"
        try FileManager.default.createDirectory(
            atPath: fixture.directory + "/older", withIntermediateDirectories: true)
        try program.write(to: URL(fileURLWithPath: path))
        chmod(path, 0o755)
        return path
    }

    @Test(arguments: [true, false]) func anOlderDaemonMakesRoomIfClientsStartedIt(byClients: Bool) throws {
        guard let older = try olderMemod() else { return }
        let daemon = Process()
        daemon.executableURL = URL(fileURLWithPath: older)
        daemon.environment = ["HOME": fixture.directory, "XDG_RUNTIME_DIR": fixture.directory]
        if byClients { daemon.environment?["MEMOD_AUTOSTART"] = "1" }
        daemon.standardError = FileHandle.nullDevice
        try daemon.run()
        defer { daemon.terminate() }
        try fixture.wait { try memoctl("ping").status == 0 }
        let put = try memoctl("put", "f", "1", "2")
        #expect(put.status == 0 && put.errors.isEmpty)
        defer { _ = try? memoctl("stop") }
        let executable = try FileManager.default.destinationOfSymbolicLink(
            atPath: "/proc/\(try #require(pid))/exe")
        if byClients {
            daemon.waitUntilExit()
            #expect(daemon.terminationStatus == 0)
            #expect(!executable.hasPrefix(older))
        } else {
            #expect(pid == daemon.processIdentifier)
        }
        #expect(try memoctl("get", "f", "1").output == "2\n")
    }

    @Test(.enabled(if: geteuid() == 0)) func nothingIsStartedForSomebodyElse() throws {
        // Another user's home.
        chown(fixture.directory, 12345, 12345)
        let result = try memoctl("put", "f", "1", "2", more: ["XDG_RUNTIME_DIR": ""])
        #expect(result.status == 1)
        #expect(result.errors.contains("\(fixture.directory) belongs to uid 12345, not to this user (0)"))
        chown(fixture.directory, 0, 0)
        // Another user's cache.
        let cache = fixture.directory + "/.cache"
        mkdir(cache, 0o700)
        chown(cache, 12345, 12345)
        #expect(try memoctl("put", "f", "1", "2").errors.contains("\(cache) belongs to uid 12345"))
        #expect(!FileManager.default.fileExists(atPath: log))
    }

    @Test func aFailingStartSaysWhy() throws {
        let wrong = ["MEMOD_HOT_BYTES": "much"]
        let result = try memoctl("get", "f", "1", more: wrong)
        #expect(result.status == 1)
        #expect(result.errors.contains("memod could not be started: hot-bytes: \"much\" is not a size"))
        #expect(result.errors.split(separator: "\n").count == 1)
        let run = try memoctl("run", "--", "echo", "hello", more: wrong)
        #expect(run.status == 0 && run.output == "hello\n")
        #expect(run.errors.hasPrefix("memoctl: nothing is kept: memod could not be started: "))
        #expect(try memoctl("start", more: wrong).status == 1)
    }

    @Test(arguments: [["MEMOD_AUTOSTART": "0"], ["MEMOD_SOCKET": "/nowhere/memod.sock"]])
    func nothingIsStartedWhereThatIsNotWanted(variables: [String: String]) throws {
        let result = try memoctl("put", "f", "1", "2", more: variables)
        #expect(result.status == 1 && result.errors.contains("start one with: memoctl start"))
        #expect(!FileManager.default.fileExists(atPath: log))
        let run = try memoctl("run", "--", "echo", "hello", more: variables)
        #expect(
            run.output == "hello\n" && run.errors.hasPrefix("memoctl: nothing is kept: no daemon at "))
    }
}
