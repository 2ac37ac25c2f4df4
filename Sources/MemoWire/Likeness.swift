/// Guesses which name was meant by one that is none.
package enum Likeness {
    /// The name that is closest to `name`, if any is close enough.
    package static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        let simple = simplify(name.utf8)
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let simpleCandidate = simplify(candidate.utf8)
            let distance = distance(simple, simpleCandidate)
            if distance <= limit(simple), distance < simpleCandidate.count, distance < best?.distance ?? .max
            {
                best = (candidate, distance)
            }
        }
        return best?.name
    }

    /// How far the name that was meant may be from a name: a slip in a short one makes another word of it.
    static func limit(_ name: [UInt8]) -> Int { name.count <= 3 ? 1 : 2 }

    /// Lower case, without `_` and `-`.
    static func simplify(_ name: some Sequence<UInt8>) -> [UInt8] {
        name.compactMap { byte in
            switch byte {
            case UInt8(ascii: "_"), UInt8(ascii: "-"): nil
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
            default: byte
            }
        }
    }

    /// How many insertions, deletions and substitutions lie between two names (Wagner and Fischer, 1974).
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
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
