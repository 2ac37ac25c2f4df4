internal import Glibc

/// Where a command is found.
enum ExecutableFile {
    /// As `execvp` looks for it.
    /// - Returns: `nil` if there is none.
    static func path(of name: [UInt8]) -> [UInt8]? {
        let slash = UInt8(ascii: "/")
        guard !name.isEmpty else { return nil }
        if name.contains(slash) { return name }
        var refused: [UInt8]?
        for directory in searchPath.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false) {
            let path = (directory.isEmpty ? [UInt8(ascii: ".")] : Array(directory)) + [slash] + name
            let isExecutable = (path + [0]).withUnsafeBytes {
                access($0.bindMemory(to: CChar.self).baseAddress!, X_OK) == 0
            }
            // A directory may be entered, which is no execution.
            guard isRegular(path) else { continue }
            if isExecutable { return path }
            if refused == nil { refused = path }
        }
        // Starting it says why it cannot be.
        return refused
    }

    static func isRegular(_ path: [UInt8]) -> Bool {
        var status = stat()
        let isThere = (path + [0]).withUnsafeBytes {
            stat($0.bindMemory(to: CChar.self).baseAddress!, &status) == 0
        }
        return isThere && status.st_mode & S_IFMT == S_IFREG
    }

    private static var searchPath: [UInt8] {
        guard let list = getenv("PATH") else { return Array("/bin:/usr/bin".utf8) }
        return UnsafeBufferPointer(start: list, count: strlen(list)).map { UInt8(bitPattern: $0) }
    }
}
