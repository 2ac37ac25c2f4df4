/// As much of PEM as it takes to tell a user that a file is another one. What stands in it is read by the helper.
enum PEM {
    /// - Parameter label: how the labels of its blocks end, one of which there has to be.
    /// - Returns: `nil` if the text may be one.
    static func fault(of text: String, label: String) -> String? {
        var open: Substring?
        var found = false
        var others: Substring?
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (number, line) in lines.enumerated() {
            if let begun = name(line, "-----BEGIN ") {
                guard open == nil else { return "line \(number + 1): a block begins in another one" }
                open = begun
            } else if let ended = name(line, "-----END ") {
                guard open == ended else { return "line \(number + 1): a block ends that did not begin" }
                open = nil
                if ended.hasSuffix("ENCRYPTED PRIVATE KEY") {
                    return "the private key is encrypted, and there is no passphrase for it"
                }
                if ended.hasSuffix(label) { found = true } else { others = ended }
            } else if open != nil, line.hasPrefix("Proc-Type:"), line.hasSuffix("ENCRYPTED") {
                return "the private key is encrypted, and there is no passphrase for it"
            }
        }
        if let open { return "the block \(open) has no end" }
        if found { return nil }
        return others.map { "it has \($0) in it, and no \(label)" } ?? "it is not in PEM"
    }

    private static func name(_ line: Substring, _ mark: String) -> Substring? {
        guard line.hasPrefix(mark), line.hasSuffix("-----") else { return nil }
        return line.dropFirst(mark.count).dropLast(5)
    }
}
