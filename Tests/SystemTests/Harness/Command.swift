import Foundation

/// Other programs, where the machine has them.
enum Command {
    static func path(_ name: String) -> String? {
        let directories = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(
            separator: ":")
        return directories.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static func exists(_ name: String) -> Bool { path(name) != nil }

    /// Runs a program and waits for it.
    /// - Returns: its standard output.
    /// - Throws: if it fails.
    static func output(_ arguments: String...) throws -> String { try output(arguments: arguments) }

    static func output(arguments: [String]) throws -> String {
        // Written to a file, so that the program never waits for anyone to read.
        let home = try Home()
        let process = try ChildProcess(
            ["sh", "-c", "exec \"$@\" > \"$0\"", home.path + "/output"] + arguments)
        let status = try process.wait(within: 60)
        guard status == .exited(0) else {
            throw HarnessError("\(arguments.joined(separator: " ")): \(status) \(process.log)")
        }
        return String(decoding: try home.contents(of: home.path + "/output"), as: UTF8.self)
    }

    /// A Python that other users may run too, which one in someone's home is not.
    static let systemPython = ["/usr/bin/python3", "/usr/local/bin/python3"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Whether a program may be given mounts of its own.
    static let canMount: Bool = {
        guard geteuid() == 0, exists("unshare") else { return false }
        let process = try? ChildProcess(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/tmp"])
        return (try? process?.wait(within: 20)) == .exited(0)
    }()

    /// Whether programs may be run as other users.
    static let canChangeUser = geteuid() == 0 && exists("setpriv")
}
