internal import MemoWire

/// Whether values come back from JSON as they went.
enum RoundTrip {
    /// The value's JSON; `nil` if it has none, or would not come back equal.
    ///
    /// Types that can be compared are compared, others property by property, and they must encode as they did.
    static func json<T: Codable>(of value: T, for purpose: JSONEncoding.Purpose) -> JSONValue? {
        guard let json = try? JSONEncoding.encode(value) else { return nil }
        // What goes over the wire, escapes and all, is what must come back.
        guard let again = try? JSONText(json).value(),
            let decoded = try? JSONDecoding.decode(T.self, from: again)
        else { return nil }
        guard isSame(value, decoded) else { return nil }
        guard value is any Equatable || (try? JSONEncoding.encode(decoded)) == json else { return nil }
        return purpose == .value ? json : try? JSONEncoding.encode(value, for: .key)
    }

    /// Whether two results are the same: compared if their type can be, else by their JSON.
    static func areEqual<T: Codable>(_ left: T, _ right: T) -> Bool {
        if let left = left as? any Equatable { return isEqual(left, right) }
        guard let one = try? JSONEncoding.encode(left), let other = try? JSONEncoding.encode(right) else {
            return false
        }
        return sorted(one) == sorted(other)
    }

    /// With members in the order of their names: a dictionary's come in any.
    private static func sorted(_ json: JSONValue) -> JSONValue {
        switch json {
        case .array(let elements): .array(elements.map(sorted))
        case .object(let members):
            .object(members.map { .init($0.name, sorted($0.value)) }.sorted { $0.name < $1.name })
        default: json
        }
    }

    private static func isSame(_ left: Any, _ right: Any) -> Bool {
        if let left = left as? any Equatable { return isEqual(left, right) }
        return isSame(Mirror(reflecting: left), Mirror(reflecting: right))
    }

    private static func isSame(_ left: Mirror, _ right: Mirror) -> Bool {
        // The members of a dictionary come in any order.
        if left.displayStyle == .dictionary { return right.displayStyle == .dictionary }
        guard left.subjectType == right.subjectType, left.children.count == right.children.count else {
            return false
        }
        for (one, other) in zip(left.children, right.children) {
            guard one.label == other.label, isSame(one.value, other.value) else { return false }
        }
        guard let above = left.superclassMirror else { return right.superclassMirror == nil }
        return right.superclassMirror.map { isSame(above, $0) } ?? false
    }

    private static func isEqual<T: Equatable>(_ left: T, _ right: Any) -> Bool {
        (right as? T).map { left == $0 } ?? false
    }
}
