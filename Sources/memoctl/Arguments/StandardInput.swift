internal import Glibc

/// Standard input, as bytes.
enum StandardInput {
    /// More is longer than any request that a daemon takes.
    static let maximumBytes = 1 << 30

    static func readAll() throws -> [UInt8] {
        var input: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count == 0 { return input }
            if count < 0 {
                if errno == EINTR { continue }
                throw OutputError("standard input cannot be read", number: errno)
            }
            input += buffer[..<count]
            guard input.count <= maximumBytes else {
                throw OutputError("standard input is too large", number: EFBIG)
            }
        }
    }
}
