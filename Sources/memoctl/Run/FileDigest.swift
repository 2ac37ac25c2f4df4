internal import Glibc
internal import MemoClient
internal import Platform

/// The SHA-256 of files' contents.
enum FileDigest {
    struct NoFile: Error {}

    /// Reads the file.
    /// - Throws: `NoFile`, or `OutputError` if it cannot be read.
    static func sha256(ofFile path: [UInt8]) throws -> String {
        let descriptor = try open(path)
        defer { close(descriptor) }
        return try sha256(of: descriptor, path)
    }

    /// The same of a file that is large and seldom changes: read only if it is not the one it was.
    static func remembered(_ path: [UInt8]) throws -> String {
        let descriptor = try open(path)
        defer { close(descriptor) }
        guard let stamp = FileStamp(descriptor) else { return try sha256(of: descriptor, path) }
        if let digest = DigestMemory.digest(for: stamp) { return digest }
        let digest = try sha256(of: descriptor, path)
        if stamp.isSettled, FileStamp(descriptor) == stamp { DigestMemory.add(digest, for: stamp) }
        return digest
    }

    private static func open(_ path: [UInt8]) throws -> Int32 {
        let descriptor = (path + [0]).withUnsafeBytes {
            Glibc.open($0.bindMemory(to: CChar.self).baseAddress!, O_RDONLY | O_CLOEXEC)
        }
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw NoFile() }
            throw unreadable(path, errno)
        }
        return descriptor
    }

    private static func sha256(of descriptor: Int32, _ path: [UInt8]) throws -> String {
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 256 * 1024)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count == 0 { return hash.finish() }
            if count < 0 {
                if errno == EINTR { continue }
                throw unreadable(path, errno)
            }
            buffer.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    private static func unreadable(_ path: [UInt8], _ number: Int32) -> OutputError {
        OutputError("\(String(decoding: path, as: UTF8.self)) cannot be read", number: number)
    }
}
