package import Glibc

/// How a program is started as a process of its own.
package struct ProcessLaunch {
    /// What becomes its descriptors from 0 on.
    package var descriptors: [Int32]
    /// Its blocked signals; `nil`: as here.
    package var mask: sigset_t?
    /// `NAME=value`, instead of those of the same name here.
    package var variables: [String]
    /// Whether it is in a session of its own, out of reach of the terminal's signals.
    package var isDetached: Bool

    /// `POSIX_SPAWN_SETSID`, which the C library shows only to those who ask for its extensions.
    private static let setSession: Int16 = 0x80

    package init(
        descriptors: [Int32], mask: sigset_t? = nil, variables: [String] = [], isDetached: Bool = false
    ) {
        self.descriptors = descriptors
        self.mask = mask
        self.variables = variables
        self.isDetached = isDetached
    }

    /// Starts it.
    /// - Parameters:
    ///   - path: where the program is.
    ///   - words: its name, as it is told, and its arguments.
    /// - Returns: its pid.
    package func start(_ path: [UInt8], _ words: [[UInt8]]) throws(SystemError) -> pid_t {
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
        if isDetached { flags |= Self.setSession }
        posix_spawnattr_setflags(&attributes, flags)

        let copies = ([path] + words + variables.map { Array($0.utf8) }).map(Self.copy)
        defer { for copy in copies { free(copy) } }
        let arguments = Array(copies[1...words.count]) + [nil]
        let environment = inherited + copies[(words.count + 1)...] + [nil]
        var child: pid_t = 0
        let number = posix_spawn(&child, copies[0]!, &actions, &attributes, arguments, environment)
        guard number == 0 else { throw SystemError(number: number) }
        return child
    }

    private static func copy(_ word: [UInt8]) -> UnsafeMutablePointer<CChar>? {
        (word + [0]).withUnsafeBytes { strdup($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
    }

    /// The environment of this process, byte for byte, without what is set anew.
    private var inherited: [UnsafeMutablePointer<CChar>?] {
        let names = variables.map { String($0.prefix { $0 != "=" }) + "=" }
        var environment: [UnsafeMutablePointer<CChar>?] = []
        var next: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = environ
        while let variable = next.pointee {
            if !names.contains(where: { strncmp(variable, $0, $0.utf8.count) == 0 }) {
                environment.append(variable)
            }
            next += 1
        }
        return environment
    }
}
