internal import MemoWire

/// Keys in the one form in which those that are the same JSON value are the same bytes.
enum CanonicalForm {
    /// - Parameter isTyped: whether a number written with a fraction or an exponent is another than an integer.
    /// - Returns: `nil` if the daemon would refuse the key.
    static func bytes(of key: JSONText, isTyped: Bool = false) -> [UInt8]? {
        // The daemon's own reader knows the rules: it is asked what it would make of the key.
        let request = Call<Int64>.delete("-", key).request.bytes.dropLast()
        return Array(request).withUnsafeBytes { line -> [UInt8]? in
            var batch = RequestParser()
            guard case .delete(let key, _)? = try? batch.parse(line, limits: WireLimits()).body else {
                return nil
            }
            return Array(key.bytes(isTyped: isTyped))
        }
    }
}
