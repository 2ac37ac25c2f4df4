/// Guesses which field was meant by a name that is no field's.
enum FieldSuggestion {
    /// The field whose name is closest to `name`, those of `allowed` first, if any is close enough.
    static func field(for name: Bytes, among allowed: FieldSet) -> Field? {
        guard 1...24 ~= name.count else { return nil }
        let name = simplify(name)
        // A slip in a short name makes another word of it.
        let limit = name.count <= 3 ? 1 : 2
        var best: (field: Field, distance: Int)?
        for isAllowed in [true, false] {
            for field in Field.allCases where allowed.contains(field) == isAllowed {
                let candidate = simplify(field.rawValue.utf8)
                let distance = candidate == name + Array("ms".utf8) ? 0 : distance(name, candidate)
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

    /// Lower case, without `_` and `-`.
    private static func simplify(_ name: some Sequence<UInt8>) -> [UInt8] {
        name.compactMap { byte in
            switch byte {
            case UInt8(ascii: "_"), UInt8(ascii: "-"): nil
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
            default: byte
            }
        }
    }

    /// How many insertions, deletions and substitutions lie between two names (Wagner and Fischer, 1974).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (lineIndex, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = lineIndex + 1
            for (index, other) in right.enumerated() {
                let substituted = diagonal + (byte == other ? 0 : 1)
                diagonal = row[index + 1]
                row[index + 1] = min(substituted, diagonal + 1, row[index] + 1)
            }
        }
        return row[right.count]
    }
}
