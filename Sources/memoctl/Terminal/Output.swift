internal import Glibc
internal import MemoClient
internal import Platform

/// A file descriptor that is written to in full or reported.
struct Output {
    static let standard = Output(descriptor: STDOUT_FILENO, name: "standard output")

    let descriptor: Int32
    let name: String

    func writeLine(_ text: String) throws {
        try write(Array(text.utf8) + [0x0A])
    }

    /// A line that came from elsewhere: on a terminal without characters that would steer it. JSON stays the same.
    func writeText(_ text: String) throws {
        try writeLine(isatty(descriptor) == 1 ? TextEscaping.printable(text) : text)
    }

    /// What a command came to, as JSON. Whether it came off says the exit status: "ok" is in none.
    func writeAnswer(_ members: [(String, JSONText)]) throws {
        try writeText("\(JSONText(members: members))")
    }

    func write(_ bytes: [UInt8]) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno == EAGAIN {
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, -1)
            } else if errno != EINTR {
                throw OutputError("\(name) cannot be written", number: errno)
            }
        }
    }
}
