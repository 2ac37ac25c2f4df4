internal import Glibc
internal import Platform

/// Starts commands.
enum Spawning {
    /// - Parameters:
    ///   - command: the words; the first is looked up in `PATH`.
    ///   - executable: where it was found, if that was done before.
    static func spawn(
        _ command: [[UInt8]], executable: [UInt8]? = nil, _ launch: ProcessLaunch
    ) throws(SystemError) -> pid_t {
        guard let path = executable ?? ExecutableFile.path(of: command[0]) else {
            throw SystemError(number: ENOENT)
        }
        do {
            return try launch.start(path, command)
        } catch {
            guard error.number == ENOEXEC, command[0] != shell else { throw error }
            return try spawn([shell, path] + command.dropFirst(), launch)
        }
    }

    /// What runs scripts that do not say themselves what runs them: so do shells, and `execvp`.
    private static let shell = Array("/bin/sh".utf8)
}
