internal import Glibc

/// A system call that failed.
public struct SystemCallError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The call's name, for example `connect`.
    public let call: String
    /// The value of `errno`.
    public let number: Int32

    public init(_ call: String, number: Int32) {
        self.call = call
        self.number = number
    }

    /// The C library's text for the number, in lower case at its start so that it can stand within a sentence.
    public var reason: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    public var description: String { "\(call): \(reason)" }
}
