/// Reads replies from a stream.
package struct RespParser {
    /// The longest string: an envelope of the largest value, and more.
    package static let lengthMax = 80 << 20
    private static let depthMax = 16
    private var buffer: [UInt8] = []
    private var position = 0
    /// Nothing is complete before this many bytes have arrived.
    private var wanted = 0

    package init() {}

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if position > 0, position == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= 1 << 20)
            position = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole value; `nil` until more arrives.
    package mutating func next() throws(RespSyntaxError) -> RespValue? {
        guard buffer.count - position >= max(1, wanted) else { return compact() }
        var cursor = Cursor(position: position)
        let result = buffer.withUnsafeBytes { bytes in
            Result { () throws(Stop) in try Self.value(bytes, &cursor, depth: 0) }
        }
        switch result {
        case .success(let value):
            position = cursor.position
            wanted = 0
            return value
        case .failure(.incomplete(let needed)):
            wanted = max(0, needed - position)
            return compact()
        case .failure(.syntax(let description)): throw RespSyntaxError(description: description)
        }
    }

    private mutating func compact() -> RespValue? {
        if position > 0, position > buffer.count / 2 {
            buffer.removeFirst(position)
            position = 0
        }
        return nil
    }

    private struct Cursor { var position: Int }

    private enum Stop: Error {
        /// - Parameter needed: where the least that is missing ends.
        case incomplete(needed: Int)
        case syntax(String)
    }

    private static func line(
        _ bytes: UnsafeRawBufferPointer, _ cursor: inout Cursor
    ) throws(Stop) -> Range<Int> {
        let start = cursor.position
        var end = start
        while end + 1 < bytes.count {
            if bytes[end] == 13, bytes[end + 1] == 10 {
                cursor.position = end + 2
                return start..<end
            }
            guard end - start < 64 << 10 else { throw .syntax("a line without an end") }
            end += 1
        }
        throw .incomplete(needed: bytes.count + 1)
    }

    private static func number(
        _ bytes: UnsafeRawBufferPointer, _ cursor: inout Cursor
    ) throws(Stop) -> Int64 {
        let range = try line(bytes, &cursor)
        // Nearly all are short, and need no care for what is too large.
        if (1...18).contains(range.count) {
            var number: Int64 = 0
            let digits = bytes[range.lowerBound] == UInt8(ascii: "-") ? range.dropFirst() : range
            for position in digits {
                let digit = bytes[position] &- UInt8(ascii: "0")
                guard digit < 10 else {
                    number = -1
                    break
                }
                number = number * 10 + Int64(digit)
            }
            if number >= 0, !digits.isEmpty { return digits.count < range.count ? -number : number }
        }
        let text = String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
        guard let number = Int64(text) else { throw .syntax("\"\(text.prefix(32))\" is no number") }
        return number
    }

    private static func blob(
        _ bytes: UnsafeRawBufferPointer, _ cursor: inout Cursor
    ) throws(Stop) -> [UInt8]? {
        let length = try number(bytes, &cursor)
        if length == -1 { return nil }
        guard length >= 0, length <= lengthMax else { throw .syntax("a string of \(length) bytes") }
        let end = cursor.position + Int(length)
        guard end + 2 <= bytes.count else { throw .incomplete(needed: end + 2) }
        guard bytes[end] == 13, bytes[end + 1] == 10 else { throw .syntax("a string without an end") }
        defer { cursor.position = end + 2 }
        return Array(bytes[cursor.position..<end])
    }

    private static func elements(
        _ bytes: UnsafeRawBufferPointer, _ cursor: inout Cursor, depth: Int, each: Int64
    ) throws(Stop) -> [RespValue]? {
        let count = try number(bytes, &cursor)
        if count == -1 { return nil }
        guard count >= 0, count <= 1 << 24 else { throw .syntax("an array of \(count) elements") }
        var values: [RespValue] = []
        values.reserveCapacity(Int(min(count * each, 1024)))
        for _ in 0..<count * each { values.append(try value(bytes, &cursor, depth: depth + 1)) }
        return values
    }

    private static func value(
        _ bytes: UnsafeRawBufferPointer, _ cursor: inout Cursor, depth: Int
    ) throws(Stop) -> RespValue {
        guard depth <= depthMax else { throw .syntax("an array nested too deeply") }
        guard cursor.position < bytes.count else { throw .incomplete(needed: bytes.count + 1) }
        let kind = bytes[cursor.position]
        cursor.position += 1
        switch kind {
        case UInt8(ascii: "+"): return .simple(Array(bytes[try line(bytes, &cursor)]))
        case UInt8(ascii: "-"):
            let text = UnsafeRawBufferPointer(rebasing: bytes[try line(bytes, &cursor)])
            return .error(RespError(String(decoding: text, as: UTF8.self)))
        case UInt8(ascii: ":"): return .integer(try number(bytes, &cursor))
        case UInt8(ascii: "$"): return try blob(bytes, &cursor).map { .bulk($0) } ?? .null
        case UInt8(ascii: "!"):
            return .error(RespError(String(decoding: try blob(bytes, &cursor) ?? [], as: UTF8.self)))
        case UInt8(ascii: "="): return .bulk(Array((try blob(bytes, &cursor) ?? []).dropFirst(4)))
        case UInt8(ascii: "_"):
            _ = try line(bytes, &cursor)
            return .null
        case UInt8(ascii: "#"):
            let range = try line(bytes, &cursor)
            return .boolean(range.count == 1 && bytes[range.lowerBound] == UInt8(ascii: "t"))
        case UInt8(ascii: ","):
            let text = UnsafeRawBufferPointer(rebasing: bytes[try line(bytes, &cursor)])
            guard let number = Double(String(decoding: text, as: UTF8.self)) else {
                throw .syntax("a double that is none")
            }
            return .double(number)
        case UInt8(ascii: "("): return .simple(Array(bytes[try line(bytes, &cursor)]))
        case UInt8(ascii: "*"), UInt8(ascii: "~"):
            return try elements(bytes, &cursor, depth: depth, each: 1).map { .array($0) } ?? .null
        case UInt8(ascii: ">"): return .push(try elements(bytes, &cursor, depth: depth, each: 1) ?? [])
        case UInt8(ascii: "%"):
            let values = try elements(bytes, &cursor, depth: depth, each: 2) ?? []
            return .map(
                stride(from: 0, to: values.count, by: 2).map {
                    .init(key: values[$0], value: values[$0 + 1])
                })
        case UInt8(ascii: "|"):
            // Attributes of the value behind them.
            _ = try elements(bytes, &cursor, depth: depth, each: 2)
            return try value(bytes, &cursor, depth: depth + 1)
        default: throw .syntax("a reply that begins with byte \(kind)")
        }
    }
}
