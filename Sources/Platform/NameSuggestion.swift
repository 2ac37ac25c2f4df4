/// Guesses which name was meant by one that is none.
package enum NameSuggestion {
    /// The name that is closest to `name`, if any is close enough.
    package static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        nearest(to: name.utf8, among: candidates, spelling: { $0 }, distance: distance)
    }

    /// The first of the candidates whose spelling is closest to `name`, if any is close enough.
    package static func nearest<Candidate>(
        to name: some Sequence<UInt8>, among candidates: some Sequence<Candidate>,
        spelling: (Candidate) -> String, distance: ([UInt8], [UInt8]) -> Int
    ) -> Candidate? {
        let name = simplify(name)
        // A slip in a short name makes another word of it.
        let limit = name.count <= 3 ? 1 : 2
        var best: (candidate: Candidate, distance: Int)?
        for candidate in candidates {
            let spelling = simplify(spelling(candidate).utf8)
            let distance = distance(name, spelling)
            if distance <= limit, distance < spelling.count, distance < best?.distance ?? .max {
                best = (candidate, distance)
            }
        }
        return best?.candidate
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
    package static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
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
