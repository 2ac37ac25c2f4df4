extension JSONValue {
    /// Whether a JSON text, as a key, is its own canonical form in both forms. False also if that takes more to see.
    package static func isCanonicalKey(_ text: Bytes) -> Bool {
        var scanner = JSONScanner(text)
        do throws(JSONError) {
            try scanner.skipValue(depth: 1)
        } catch {
            return false
        }
        return scanner.position == scanner.end && scanner.traits.isEmpty
    }
}
