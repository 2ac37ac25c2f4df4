/// Reads a `get` or a `put` that is written as nearly all are: `op`, `fn`, `key`, `value`, `"durable":true` in this
/// order and nothing else, no white space around them, no escapes in the name, a key in its canonical form. That spares
/// half of the instructions that the general way takes for any member in any order.
extension RequestParser {
    /// - Returns: what `parse` returns, or `nil` for everything else, errors included.
    @inline(__always) mutating func parsePlain(_ line: Bytes) -> Request? {
        var scanner = JSONScanner(line)
        let isGet = scanner.skip(#"{"op":"get","fn":"#)
        guard isGet || scanner.skip(#"{"op":"put","fn":"#), let name = scanner.plainString(),
            1...WireLimits.functionBytes ~= name.count, scanner.skip(#","key":"#),
            let text = scanner.value(), scanner.traits.isEmpty, text.count <= WireLimits.keyBytes
        else { return nil }
        let key = CanonicalKey(bytes: text, typedBytes: text)
        if isGet {
            guard scanner.isAtLastBrace else { return nil }
            return Request(id: nil, function: name, body: .get(key, GetFields()))
        }
        guard scanner.skip(#","value":"#), let value = scanner.value() else { return nil }
        var fields = PutFields(key: key, value: value)
        fields.durable = scanner.skip(#","durable":true"#)
        guard scanner.isAtLastBrace else { return nil }
        entries.append(fields)
        return Request(id: nil, function: name, body: .put(entries.count - 1))
    }
}

extension JSONScanner {
    /// The characters of a string without escapes.
    @inline(__always) fileprivate mutating func plainString() -> Bytes? {
        guard peek == UInt8(ascii: "\""), let text = value(), traits.isEmpty else { return nil }
        return JSONText.characters(ofString: text)
    }

    /// The member's value at the position.
    @inline(__always) fileprivate mutating func value() -> Bytes? {
        let start = position
        do throws(JSONError) { try skipValue(depth: 1) } catch { return nil }
        return Bytes(start: base + start, count: position &- start)
    }

    @inline(__always) fileprivate var isAtLastBrace: Bool {
        peek == UInt8(ascii: "}") && position &+ 1 == end
    }
}
