internal import Platform

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
        let text = SystemError(number: number).description
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    public var description: String { "\(call): \(reason)" }
}
