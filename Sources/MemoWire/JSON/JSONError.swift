/// Why a text is not JSON, and where.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was expected, or which rule was broken.
    public enum Reason: UInt8, Sendable {
        case value, object, memberName, colon, commaOrBrace, commaOrBracket, end
        case closingQuote, controlCharacter, escape, hexDigits, utf8, byteOrderMark
        case digit, leadingZero, tooDeep, repeatedMember, unpairedSurrogate
    }

    public var reason: Reason
    /// Bytes from the beginning of the text.
    public var offset: Int

    public init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    public var description: String {
        "\(explanation) at byte \(offset)"
    }

    private var explanation: String {
        switch reason {
        case .value: "expected a value"
        case .object: "expected a JSON object"
        case .memberName: "expected a member name in double quotes"
        case .colon: "expected ':' after a member name"
        case .commaOrBrace: "expected ',' or '}'"
        case .commaOrBracket: "expected ',' or ']'"
        case .end: "expected nothing more"
        case .closingQuote: "expected the end of a string"
        case .controlCharacter: "a control character must be escaped in a string"
        case .escape: "expected one of \"\\/bfnrtu after a backslash"
        case .hexDigits: "expected four hexadecimal digits after \\u"
        case .utf8: "invalid UTF-8"
        case .byteOrderMark: "a byte order mark is not allowed"
        case .digit: "expected a digit"
        case .leadingZero: "a number must not begin with a superfluous zero"
        case .tooDeep: "nested deeper than \(WireLimits.depth)"
        case .repeatedMember: "a member is repeated"
        case .unpairedSurrogate: "an unpaired surrogate is no character"
        }
    }
}
