internal import MemoWire

/// Whether values come back from JSON as they went.
enum RoundTrip {
    /// The value's JSON; `nil` where it has none, or would not come back equal.
    ///
    /// Types that can be compared are compared; others must at least encode as they did.
    static func json<T: Codable>(of value: T, for purpose: JSONEncoding.Purpose) -> JSONValue? {
        guard let json = try? JSONEncoding.encode(value) else { return nil }
        // What goes over the wire, escapes and all, is what must come back.
        guard let again = try? JSONText(json).value(),
            let decoded = try? JSONDecoding.decode(T.self, from: again)
        else { return nil }
        if let comparable = value as? any Equatable {
            guard isEqual(comparable, decoded) else { return nil }
        }
        guard (try? JSONEncoding.encode(decoded)) == json || value is any Equatable else { return nil }
        return purpose == .value ? json : try? JSONEncoding.encode(value, for: .key)
    }

    private static func isEqual<T: Equatable>(_ left: T, _ right: Any) -> Bool {
        (right as? T).map { left == $0 } ?? false
    }
}
