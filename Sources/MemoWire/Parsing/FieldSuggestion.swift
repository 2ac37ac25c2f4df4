internal import Platform

/// Guesses which field was meant by a name that is no field's.
enum FieldSuggestion {
    /// The field whose name is closest to `name`, those of `allowed` first, if any is close enough.
    static func field(for name: Bytes, among allowed: FieldSet) -> Field? {
        guard 1...24 ~= name.count else { return nil }
        let fields =
            Field.allCases.filter { allowed.contains($0) } + Field.allCases.filter { !allowed.contains($0) }
        return NameSuggestion.nearest(to: name, among: fields, spelling: \.rawValue) { name, field in
            field == name + Array("ms".utf8) ? 0 : NameSuggestion.distance(name, field)
        }
    }

    /// A name for a message: quoted, and cut if it is long.
    static func quote(_ name: Bytes) -> String {
        let shown = String(decoding: name.prefix(64), as: UTF8.self)
        return name.count > 64 ? "\"\(shown)…\"" : "\"\(shown)\""
    }
}
