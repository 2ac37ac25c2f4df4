import Foundation
import Testing

/// `tools/install` with the real binaries, and what systemd says of the units that it installs.
@Suite(.enabled(if: Memoctl.binary != nil)) struct InstallationTests {
    private static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    private func install(_ home: Home, _ options: [String], environment: [String: String] = [:]) throws
        -> ExitStatus
    {
        for program in ["memod", "memoctl", "memod-web"] {
            try home.write(Data(".Dd 1\n".utf8), to: home.path + "/\(program).1")
        }
        try home.write(Data(".Dd 1\n".utf8), to: home.path + "/memod.conf.5")
        let process = try ChildProcess(
            [Self.package + "/tools/install"] + options,
            environment: [
                "MEMOD_BIN": Daemon.binary, "MEMOCTL_BIN": Memoctl.binary!, "MEMOD_MANUAL": home.path,
                "HOME": home.path, "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": "", "XDG_RUNTIME_DIR": home.path,
                "DBUS_SESSION_BUS_ADDRESS": "",
            ].merging(environment) { $1 })
        return try process.wait(within: 60)
    }

    private func files(below directory: String) -> Set<String> {
        var found: Set<String> = []
        let names = FileManager.default.enumerator(atPath: directory)
        while let name = names?.nextObject() as? String {
            if names?.fileAttributes?[.type] as? FileAttributeType == .typeRegular { found.insert(name) }
        }
        return found
    }

    @Test func belowAnotherRootItInstallsAndRemovesTheSame() throws {
        let home = try Home()
        let environment = ["DESTDIR": home.path + "/destination"]
        #expect(try install(home, ["--prefix", "/usr"], environment: environment) == .exited(0))
        let installed = files(below: home.path + "/destination")
        #expect(
            installed == [
                "usr/bin/memod", "usr/bin/memoctl", "usr/lib/systemd/system/memod.service",
                "usr/lib/systemd/system/memod.socket", "usr/lib/sysusers.d/memod.conf",
                "usr/share/man/man1/memod.1", "usr/share/man/man1/memoctl.1",
                "usr/share/man/man5/memod.conf.5",
                "usr/share/bash-completion/completions/memoctl",
                "usr/share/bash-completion/completions/memod",
                "usr/share/zsh/vendor-completions/_memoctl",
                "usr/share/fish/vendor_completions.d/memoctl.fish",
                "usr/share/fish/vendor_completions.d/memod.fish", "usr/share/doc/memod/README.md",
                "usr/share/doc/memod/PROTOCOL.md", "etc/memod/memod.conf",
            ])
        let unit = try home.contents(of: home.path + "/destination/usr/lib/systemd/system/memod.service")
        #expect(
            String(decoding: unit, as: UTF8.self).contains("\nExecStart=/usr/bin/memod --isolation user "))
        #expect(
            String(decoding: unit, as: UTF8.self).contains(
                "\nExecReload=/usr/bin/memod --check --isolation user "))
        let conf = home.path + "/destination/etc/memod/memod.conf"
        try home.write(Data("hot-bytes = 1MiB\n".utf8), to: conf)
        #expect(try install(home, ["--prefix=/usr"], environment: environment) == .exited(0))
        #expect(try home.contents(of: conf) == Data("hot-bytes = 1MiB\n".utf8))
        #expect(
            try install(home, ["--prefix", "/usr", "--uninstall"], environment: environment) == .exited(0))
        #expect(files(below: home.path + "/destination") == ["etc/memod/memod.conf"])
    }

    /// Another program stands for it, which takes minutes to build.
    @Test func thePageIsInstalledWhereItIsWanted() throws {
        let home = try Home()
        let environment = ["DESTDIR": home.path + "/destination", "MEMOD_WEB_BIN": Memoctl.binary!]
        func web() -> Set<String> {
            files(below: home.path + "/destination").filter { $0.contains("memod-web") }
        }
        #expect(try install(home, ["--prefix", "/usr"], environment: environment) == .exited(0))
        #expect(web().isEmpty)
        #expect(try install(home, ["--prefix", "/usr", "--web"], environment: environment) == .exited(0))
        #expect(
            web() == [
                "usr/bin/memod-web", "usr/share/man/man1/memod-web.1",
                "usr/share/bash-completion/completions/memod-web",
                "usr/share/fish/vendor_completions.d/memod-web.fish",
            ])
        #expect(
            try install(home, ["--prefix", "/usr", "--uninstall"], environment: environment) == .exited(0))
        #expect(web().isEmpty)
    }

    @Test func forAUserItInstallsBelowTheirHome() throws {
        let home = try Home()
        #expect(try install(home, ["--user"]) == .exited(0))
        let installed = files(below: home.path)
        #expect(installed.contains(".local/bin/memod"))
        #expect(installed.contains(".local/share/systemd/user/memod.socket"))
        #expect(installed.contains(".config/memod/memod.conf"))
        if Command.exists("systemd-analyze") {
            #expect(try verify(home, ["--user"], home.path + "/.local/share/systemd/user") == "")
        }
        #expect(try install(home, ["--user", "--uninstall"]) == .exited(0))
        #expect(files(below: home.path + "/.local").isEmpty)
    }

    @Test(.enabled(if: Command.exists("systemd-analyze"))) func theInstalledUnitsAreValidAndHardened() throws
    {
        let home = try Home()
        // As for the system, but with a path at which the program is.
        let prefix = home.path + "/opt"
        #expect(
            try install(home, ["--prefix", prefix], environment: ["DESTDIR": home.path + "/destination"])
                == .exited(0))
        try FileManager.default.createDirectory(atPath: prefix + "/bin", withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: home.path + "/destination" + prefix + "/bin/memod", toPath: prefix + "/bin/memod")
        let units = home.path + "/destination/etc/systemd/system"
        #expect(try verify(home, ["--system"], units) == "")
        // In tenths: at most 1.0.
        let analysis = try ChildProcess([
            "systemd-analyze", "security", "--offline=true", "--threshold=10", "--no-pager",
            units + "/memod.service",
        ])
        #expect(try analysis.wait() == .exited(0))
        let service = String(decoding: try home.contents(of: units + "/memod.service"), as: UTF8.self)
        #expect(service.contains("\nPrivateUsers=no\n"))
    }

    /// - Returns: what systemd has to say against the units.
    private func verify(_ home: Home, _ mode: [String], _ directory: String) throws -> String {
        let process = try ChildProcess(
            [
                "sh", "-c", "exec \"$@\" 2>&1 >&2", "sh", "systemd-analyze", "--man=no",
            ] + mode + ["verify", directory + "/memod.socket", directory + "/memod.service"],
            environment: ["XDG_RUNTIME_DIR": home.path, "HOME": home.path])
        let status = try process.wait(within: 60)
        return status == .exited(0) ? process.log : "\(status) \(process.log)"
    }

    @Test func aWrongOptionIsAUsageError() throws {
        let home = try Home()
        #expect(try install(home, ["--perfix", "/usr"]) == .exited(64))
        #expect(try install(home, ["--prefix", "relative"]) == .exited(1))
    }
}
