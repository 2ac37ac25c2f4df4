internal import Glibc

/// The secret that a reader has to know.
struct Token: Sendable {
    private let bytes: [UInt8]
    /// What 128 bits take in hexadecimal.
    private static let leastBytes = 32
    private static let mostBytes = 256

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// A new one of 128 bits.
    init() {
        var generator = SystemRandomNumberGenerator()
        let words = [generator.next() as UInt64, generator.next()]
        bytes = words.flatMap { word in
            stride(from: 60, through: 0, by: -4).map {
                Array("0123456789abcdef".utf8)[Int(word >> UInt64($0) & 15)]
            }
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// The one in a file that only the user owns and reads; makes the file if there is none.
    init(file path: String) throws {
        let made = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if made >= 0 {
            defer { close(made) }
            let token = Token()
            let line = token.bytes + [0x0A]
            guard write(made, line, line.count) == line.count else {
                throw WebError(message: "\(path) cannot be written: \(String(cString: strerror(errno)))")
            }
            self = token
            return
        }
        guard errno == EEXIST else {
            throw WebError(message: "\(path) cannot be made: \(String(cString: strerror(errno)))")
        }
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else {
            throw WebError(message: "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw WebError(message: "\(path) is no regular file")
        }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw WebError(message: "\(path) belongs to someone else")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw WebError(message: "\(path) is open to others; make it yours only with: chmod 600")
        }
        var buffer = [UInt8](repeating: 0, count: Self.mostBytes + 2)
        let count = read(file, &buffer, buffer.count)
        var text = buffer.prefix(max(0, count))
        while let last = text.last, last == 0x0A || last == 0x0D || last == 0x20 { text.removeLast() }
        guard (Self.leastBytes...Self.mostBytes).contains(text.count), text.allSatisfy(Self.isAllowed) else {
            throw WebError(
                message:
                    "\(path) has no token: one line of \(Self.leastBytes) to \(Self.mostBytes) letters, digits, "
                    + "hyphens and underscores; memod-web makes one if the file is missing")
        }
        bytes = Array(text)
    }

    /// What an address and a cookie can hold as it is.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// Whether they are the same. How long it takes tells only how long `other` is.
    func matches(_ other: some StringProtocol) -> Bool {
        var difference = 0
        var count = 0
        for byte in other.utf8 {
            difference |= Int(byte ^ bytes[count % bytes.count])
            count += 1
        }
        return difference | (count ^ bytes.count) == 0
    }
}
