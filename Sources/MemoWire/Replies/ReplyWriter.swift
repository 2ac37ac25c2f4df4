/// Appends replies to a connection's output. A reply is begun, its fields are appended, and it is ended:
/// one object on one line.
public enum ReplyWriter {
    /// `{"id":…,"ok":true`
    @inlinable public static func begin(_ id: Bytes?, into output: inout ByteBuffer) {
        output.append(atMost: (id?.count ?? 0) &+ shortBytes) { putBegin(id, at: &$0) }
    }

    @inlinable @inline(__always)
    static func putBegin(_ id: Bytes?, at place: inout UnsafeMutableRawPointer) {
        guard let id else { return place.put("{\"ok\":true") }
        place.put("{\"id\":")
        place.put(id)
        place.put(",\"ok\":true")
    }

    /// More than what a short reply takes beside its id and its value.
    @inlinable static var shortBytes: Int { 64 }

    /// Ends the reply and its line.
    @inlinable public static func end(into output: inout ByteBuffer) {
        output.append("}\n")
    }

    /// A whole reply without fields.
    @inlinable public static func succeed(_ id: Bytes?, into output: inout ByteBuffer) {
        begin(id, into: &output)
        end(into: &output)
    }

    /// A whole reply to a `get` that found `value`, given as JSON text.
    @inlinable public static func hit(_ id: Bytes?, value: Bytes, into output: inout ByteBuffer) {
        output.append(atMost: value.count &+ (id?.count ?? 0) &+ shortBytes) {
            putBegin(id, at: &$0)
            $0.put(",\"hit\":true,\"value\":")
            $0.put(value)
            $0.put("}\n")
        }
    }

    /// A whole reply to a `get` that found nothing.
    @inlinable public static func miss(_ id: Bytes?, into output: inout ByteBuffer) {
        output.append(atMost: (id?.count ?? 0) &+ shortBytes) {
            putBegin(id, at: &$0)
            $0.put(",\"hit\":false}\n")
        }
    }

    /// A whole reply to a `put` that stored its entry.
    @inlinable public static func stored(_ id: Bytes?, into output: inout ByteBuffer) {
        output.append(atMost: (id?.count ?? 0) &+ shortBytes) {
            putBegin(id, at: &$0)
            $0.put(",\"stored\":true}\n")
        }
    }

    /// `,"name":` and the value. `name` needs no escapes.
    @inlinable public static func field(
        _ name: StaticString, _ value: Int64, into output: inout ByteBuffer
    ) {
        beginField(name, into: &output)
        output.append(decimal: value)
    }

    @inlinable public static func field(_ name: StaticString, _ value: Int, into output: inout ByteBuffer) {
        field(name, Int64(value), into: &output)
    }

    @inlinable public static func field(_ name: StaticString, _ value: Bool, into output: inout ByteBuffer) {
        beginField(name, into: &output)
        if value { output.append("true") } else { output.append("false") }
    }

    @inlinable public static func field(
        _ name: StaticString, _ value: Double, into output: inout ByteBuffer
    ) {
        beginField(name, into: &output)
        output.append(decimal: value)
    }

    /// `,"name":` and a JSON string made of valid UTF-8.
    @inlinable public static func field(
        _ name: StaticString, string utf8: Bytes, into output: inout ByteBuffer
    ) {
        beginField(name, into: &output)
        output.append(jsonString: utf8)
    }

    @inlinable public static func field(
        _ name: StaticString, string text: String, into output: inout ByteBuffer
    ) {
        beginField(name, into: &output)
        output.append(jsonString: text)
    }

    /// `,"name":` and JSON text as it stands.
    @inlinable public static func field(
        _ name: StaticString, json text: Bytes, into output: inout ByteBuffer
    ) {
        beginField(name, into: &output)
        output.append(text)
    }

    /// `,"name":`, for a value that the caller appends.
    @inlinable public static func beginField(_ name: StaticString, into output: inout ByteBuffer) {
        output.append(",\"")
        output.append(name)
        output.append("\":")
    }

    /// A whole error reply.
    public static func fail(
        _ id: Bytes?, _ code: ErrorCode, _ message: String, into output: inout ByteBuffer
    ) {
        if let id {
            output.append("{\"id\":")
            output.append(id)
            output.append(",\"ok\":false,\"error\":{\"code\":")
        } else {
            output.append("{\"ok\":false,\"error\":{\"code\":")
        }
        output.append(jsonString: code.rawValue)
        output.append(",\"message\":")
        output.append(jsonString: message)
        output.append("}}\n")
    }

    public static func fail(_ error: WireError, into output: inout ByteBuffer) {
        fail(error.id, error.code, error.message, into: &output)
    }
}
