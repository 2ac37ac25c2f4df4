/// A value of the Redis protocol, version 3. What the server may send of 2 is among it.
package enum RespValue: Equatable, Sendable {
    case simple([UInt8])
    case error(RespError)
    case integer(Int64)
    case bulk([UInt8])
    case null
    case boolean(Bool)
    case double(Double)
    case array([RespValue])
    case map([Pair])
    /// Sent by the server without being asked.
    case push([RespValue])

    package struct Pair: Equatable, Sendable {
        package var key: RespValue
        package var value: RespValue
    }

    /// Its text, if it is one.
    package var bytes: [UInt8]? {
        switch self {
        case .simple(let bytes), .bulk(let bytes): bytes
        default: nil
        }
    }

    /// As a number in a hash of epochs; 0: there is none.
    package var epoch: UInt64 { integer.flatMap { UInt64(exactly: $0) } ?? 0 }

    package var integer: Int64? {
        switch self {
        case .integer(let number): number
        case .simple(let bytes), .bulk(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
        default: nil
        }
    }

    package var elements: [RespValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// Names and values, of a map or of an array in which they alternate.
    package var pairs: [Pair]? {
        switch self {
        case .map(let pairs): pairs
        case .array(let elements) where elements.count % 2 == 0:
            stride(from: 0, to: elements.count, by: 2).map {
                Pair(key: elements[$0], value: elements[$0 + 1])
            }
        default: nil
        }
    }

    package func member(_ name: String) -> RespValue? {
        pairs?.first { $0.key.bytes?.elementsEqual(name.utf8) == true }?.value
    }
}

/// What a server refused, and why: the first word says of which kind.
package struct RespError: Error, Equatable, Sendable, CustomStringConvertible {
    package let message: String

    package init(_ message: String) { self.message = message }

    package var description: String { message }
    package var code: String { String(message.prefix { $0 != " " }) }
}

/// What is no RESP: the other side is no Redis.
package struct RespSyntaxError: Error, Equatable, CustomStringConvertible {
    package let description: String
}
