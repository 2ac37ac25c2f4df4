/// Guesses which field was meant by a name that is no field's.
enum FieldSuggestion {
    /// The field whose name is closest to `name`, those of `allowed` first, if any is close enough.
    static func field(for name: Bytes, among allowed: FieldSet) -> Field? {
        guard 1...24 ~= name.count else { return nil }
        let name = Likeness.simplify(name)
        let limit = Likeness.limit(name)
        var best: (field: Field, distance: Int)?
        for isAllowed in [true, false] {
            for field in Field.allCases where allowed.contains(field) == isAllowed {
                let candidate = Likeness.simplify(field.rawValue.utf8)
                let distance = candidate == name + Array("ms".utf8) ? 0 : Likeness.distance(name, candidate)
                if distance <= limit, distance < candidate.count, distance < best?.distance ?? .max {
                    best = (field, distance)
                }
            }
        }
        return best?.field
    }

    /// A name for a message: quoted, and cut if it is long.
    static func quote(_ name: Bytes) -> String {
        let shown = String(decoding: name.prefix(64), as: UTF8.self)
        return name.count > 64 ? "\"\(shown)…\"" : "\"\(shown)\""
    }
}
