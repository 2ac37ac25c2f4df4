internal import Glibc

/// A descriptor from which given bytes are read.
enum InputFile {
    static func make(_ bytes: [UInt8]) throws -> Int32 {
        if bytes.isEmpty {
            let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw OutputError("/dev/null", number: errno) }
            return descriptor
        }
        // Without a name: it is gone when its last descriptor is closed.
        guard let file = tmpfile() else { throw OutputError("a temporary file", number: errno) }
        defer { fclose(file) }
        let descriptor = fcntl(fileno(file), F_DUPFD_CLOEXEC, 3)
        guard descriptor >= 0 else { throw OutputError("a temporary file", number: errno) }
        do {
            try Output(descriptor: descriptor, name: "a temporary file").write(bytes)
        } catch {
            close(descriptor)
            throw error
        }
        lseek(descriptor, 0, SEEK_SET)
        return descriptor
    }
}
