internal import Glibc

/// Files with passwords and keys.
enum SecretFile {
    private static let sizeMax = 64 << 10

    /// - Throws: if it cannot be read, is too large for what it should be, or others may read it.
    static func read(_ path: String, setting: String) throws(SettingError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SettingError(setting, "\(path): \(reason())") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SettingError(setting, "\(path): \(reason())") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw SettingError(setting, "\(path) is no file") }
        guard status.st_mode & 0o077 == 0 || status.st_mode & 0o077 == 0o040 else {
            throw SettingError(
                setting, "\(path) may be read or changed by others; `chmod 600` it")
        }
        guard status.st_size <= sizeMax else {
            throw SettingError(setting, "\(path) is larger than \(sizeMax >> 10) KiB: it is something else")
        }
        var bytes = [UInt8](repeating: 0, count: sizeMax)
        var count = 0
        while count < sizeMax {
            let got = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress! + count, sizeMax - count)
            }
            guard got >= 0 else { throw SettingError(setting, "\(path): \(reason())") }
            if got == 0 { break }
            count += got
        }
        return Array(bytes.prefix(count))
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
