internal import Glibc

/// Starts processes.
enum Spawning {
    /// `POSIX_SPAWN_SETSID`, which the C library shows only to those who ask for its extensions.
    private static let setSession: Int16 = 0x80

    /// - Parameters:
    ///   - command: the words; the first is looked up in `PATH`.
    ///   - descriptors: what becomes the child's descriptors from 0 on.
    ///   - mask: the child's blocked signals; `nil`: as here.
    ///   - variables: `NAME=value`, instead of those of the same name here.
    ///   - isDetached: in a session of its own, out of reach of the terminal's signals.
    static func spawn(
        _ command: [[UInt8]], descriptors: [Int32], mask: sigset_t? = nil, variables: [String] = [],
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
        let number = posix_spawnp(&child, words[0]!, &actions, &attributes, words, environment)
        guard number == 0 else {
            if number == ENOEXEC, command[0] != shell {
                return try spawn(
                    [shell, path(of: command[0])] + command.dropFirst(), descriptors: descriptors, mask: mask,
                    variables: variables, isDetached: isDetached)
            }
            throw ChildProcess.Failure(number: number)
        }
        return child
    }

    /// What runs scripts that do not say themselves what runs them: so do shells, and `execvp`.
    private static let shell = Array("/bin/sh".utf8)

    /// Where a command is found that `PATH` has.
    private static func path(of name: [UInt8]) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        guard !name.contains(slash) else { return name }
        let list = getenv("PATH").map { String(cString: $0).utf8 } ?? "/bin:/usr/bin".utf8
        for directory in list.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false) {
            let path = (directory.isEmpty ? [UInt8(ascii: ".")] : Array(directory)) + [slash] + name
            let isThere = (path + [0]).withUnsafeBytes {
                access($0.bindMemory(to: CChar.self).baseAddress!, X_OK) == 0
            }
            if isThere { return path }
        }
        return name
    }

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
