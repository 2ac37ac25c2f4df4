internal import Glibc

/// A descriptor from which given bytes are read: a file in memory.
enum InputFile {
    static func make(_ bytes: [UInt8]) throws -> Int32 {
        if bytes.isEmpty {
            let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw OutputError("/dev/null", number: errno) }
            return descriptor
        }
        let descriptor = memfd_create("memoctl-input", UInt32(MFD_CLOEXEC))
        guard descriptor >= 0 else { throw OutputError("a file in memory", number: errno) }
        do {
            try Output(descriptor: descriptor, name: "a file in memory").write(bytes)
        } catch {
            close(descriptor)
            throw error
        }
        lseek(descriptor, 0, SEEK_SET)
        return descriptor
    }
}
