/// What bash is told: it inserts words as they are, so they come quoted, and only those that fit.
enum BashAnswer {
    static func fields(_ completer: Completer, _ line: BashLine) -> [String] {
        if line.isRedirected { return ["files"] }
        // Within this quote an escape may be half typed.
        if line.quote == .ansi { return ["words"] }
        switch completer.answer(line.words, line.value) {
        case .files: return ["files"]
        case .command: return ["command"]
        case .words(let candidates, let behind):
            let values = candidates.map { behind + $0.value }.filter {
                $0.utf8.starts(with: line.value.utf8) && $0.utf8.starts(with: line.kept.utf8)
            }
            return ["words"] + offered(values, line)
        }
    }

    /// Of several words readline inserts what their spellings have in common. That is only right if their
    /// values have it in common too: the beginning of an escape is no beginning of a word.
    private static func offered(_ values: [String], _ line: BashLine) -> [String] {
        func spelling(_ value: some StringProtocol) -> String {
            BashWord.spelling(value.unicodeScalars.dropFirst(line.kept.unicodeScalars.count), in: line.quote)
        }
        guard values.count > 1 else { return values.map { spelling($0) } }
        let common = values.dropFirst().reduce(Substring(values[0])) { Substring($0.commonPrefix(with: $1)) }
        let insertion = spelling(common)
        let spellings = values.map { spelling($0) }
        let shared = spellings.dropFirst().reduce(spellings[0]) { $0.commonPrefix(with: $1) }
        // Longer than what was typed: only this one, and the cursor stays behind it.
        if common.unicodeScalars.count > line.value.unicodeScalars.count, shared != insertion {
            return [insertion, insertion + "…"]
        }
        // A list to look at, with nothing in common, so that what was typed stays.
        return shared == line.typed || shared == insertion ? spellings : spellings + [""]
    }
}

extension StringProtocol {
    fileprivate func commonPrefix(with other: some StringProtocol) -> String {
        var common = String.UnicodeScalarView()
        for (left, right) in zip(unicodeScalars, other.unicodeScalars) {
            if left != right { break }
            common.append(left)
        }
        return String(common)
    }
}
