internal import MemoWire

/// Reads single lines for tests, and copies out what they refer to.
enum RequestReader {

    static func text(_ bytes: Bytes) -> String { String(decoding: bytes, as: UTF8.self) }

    /// Calls `body` with the request read from `line` and its batch, both valid within.
    static func read<Result>(
        _ line: String, _ body: (Request, borrowing RequestParser) -> Result
    ) throws(WireError) -> Result {
        var batch = RequestParser()
        var line = Array(line.utf8)
        // Room behind the line, filled with what would continue it.
        line += Array("\"1}]".utf8)
        let text = UnsafeMutableRawBufferPointer.allocate(byteCount: line.count, alignment: 1)
        defer { text.deallocate() }
        text.copyBytes(from: line)
        let request = try batch.parse(Bytes(rebasing: text[..<(line.count - 4)]), limits: WireLimits())
        return body(request, batch)
    }

    static func failure(_ line: some Sequence<UInt8>, limits: WireLimits = WireLimits()) -> (
        code: ErrorCode, message: String, id: String?
    )? {
        var batch = RequestParser()
        return Array(line).withUnsafeBytes { bytes in
            do throws(WireError) {
                _ = try batch.parse(bytes, limits: limits)
                return nil
            } catch {
                return (error.code, error.message, error.id.map(text))
            }
        }
    }

    static func failure(_ line: String) -> (code: ErrorCode, message: String, id: String?)? {
        failure(line.utf8)
    }

    /// The canonical forms of a key, plain and typed.
    static func canonical(_ key: String) throws(WireError) -> (plain: String, typed: String) {
        try read("{\"op\":\"delete\",\"fn\":\"f\",\"key\":\(key)}") { request, _ in
            guard case .delete(let key, _) = request.body else { return ("", "") }
            return (text(key.bytes), text(key.typedBytes))
        }
    }
}
