internal import Glibc

/// Starts processes.
enum Spawning {
    /// `POSIX_SPAWN_SETSID`, which the C library shows only to those who ask for its extensions.
    private static let setSession: Int16 = 0x80

    /// - Parameters:
    ///   - command: the words; the first is looked up in `PATH`.
    ///   - executable: where it was found, if that was done before.
    ///   - descriptors: what becomes the child's descriptors from 0 on.
    ///   - mask: the child's blocked signals; `nil`: as here.
    ///   - variables: `NAME=value`, instead of those of the same name here.
    ///   - isDetached: in a session of its own, out of reach of the terminal's signals.
    static func spawn(
        _ command: [[UInt8]], executable: [UInt8]? = nil, descriptors: [Int32], mask: sigset_t? = nil,
        variables: [String] = [],
        isDetached: Bool = false
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(target))
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var flags: Int16 = 0
        if var mask {
            posix_spawnattr_setsigmask(&attributes, &mask)
            flags |= Int16(POSIX_SPAWN_SETSIGMASK)
        }
        if isDetached { flags |= setSession }
        posix_spawnattr_setflags(&attributes, flags)

        var words: [UnsafeMutablePointer<CChar>?] = command.map { word in
            (word + [0]).withUnsafeBytes { strdup($0.bindMemory(to: CChar.self).baseAddress!) }
        }
        words.append(nil)
        defer { for word in words { free(word) } }
        var environment = inherited(without: variables)
        let added = variables.map { strdup($0) }
        defer { for variable in added { free(variable) } }
        environment += added
        environment.append(nil)
        var child: pid_t = 0
        guard let path = executable ?? ExecutableFile.path(of: command[0]) else {
            throw ChildProcess.Failure(number: ENOENT)
        }
        let number = (path + [0]).withUnsafeBytes {
            posix_spawn(
                &child, $0.bindMemory(to: CChar.self).baseAddress!, &actions, &attributes, words, environment)
        }
        guard number == 0 else {
            if number == ENOEXEC, command[0] != shell {
                return try spawn(
                    [shell, path] + command.dropFirst(), descriptors: descriptors, mask: mask,
                    variables: variables, isDetached: isDetached)
            }
            throw ChildProcess.Failure(number: number)
        }
        return child
    }

    /// What runs scripts that do not say themselves what runs them: so do shells, and `execvp`.
    private static let shell = Array("/bin/sh".utf8)

    /// The environment of this process, byte for byte.
    private static func inherited(without variables: [String]) -> [UnsafeMutablePointer<CChar>?] {
        let names = variables.map { Array($0.utf8.prefix { $0 != UInt8(ascii: "=") }) + [UInt8(ascii: "=")] }
        var environment: [UnsafeMutablePointer<CChar>?] = []
        var next: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = environ
        while let variable = next.pointee {
            let isReplaced = names.contains { name in
                name.withUnsafeBytes {
                    strncmp(variable, $0.bindMemory(to: CChar.self).baseAddress!, name.count) == 0
                }
            }
            if !isReplaced { environment.append(variable) }
            next += 1
        }
        return environment
    }
}
