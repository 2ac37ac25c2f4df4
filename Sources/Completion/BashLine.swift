/// A command line up to the cursor, read as bash reads it, except that nothing in it is expanded or run.
struct BashLine {
    enum Quote: Equatable { case none, single, double, ansi }

    /// The words before the one under the cursor, without their quotes.
    private(set) var words: [String] = []
    /// The word under the cursor, without its quotes.
    private(set) var value = ""
    /// What of it stands before the part that readline replaces: readline begins anew behind a character such as
    /// a colon, and behind a quote that is open.
    private(set) var kept = ""
    /// The part that readline replaces, as it was typed.
    private(set) var typed = ""
    /// The quote that is open at the cursor.
    private(set) var quote = Quote.none
    /// Whether the word is the file of a redirection.
    private(set) var isRedirected = false

    private var isWord = false
    private var beforeQuote = (kept: "", typed: "")
    /// Of `$'…'`: bytes, since an escape is one.
    private var ansi: [UInt8] = []

    /// - Parameters:
    ///   - line: from the program's name to the cursor.
    ///   - breaks: what separates words to readline, `COMP_WORDBREAKS`.
    init(_ line: String, breaks: String) {
        var isEscaped = false
        for scalar in line.unicodeScalars {
            typed.unicodeScalars.append(scalar)
            switch (quote, scalar) {
            case _ where isEscaped:
                isEscaped = false
                takeEscaped(scalar)
            case (.none, "\\"), (.double, "\\"), (.ansi, "\\"):
                isEscaped = true
                isWord = true
                if quote == .ansi { ansi.append(UInt8(ascii: "\\")) }
            case (.none, "'"), (.none, "\""): open(scalar)
            case (.single, "'"), (.double, "\""), (.ansi, "'"): close()
            case (.none, " "), (.none, "\t"), (.none, "\n"): endWord()
            case (.none, "<"), (.none, ">"):
                endWord()
                isRedirected = true
            case (.ansi, _): ansi += Array(String(scalar).utf8)
            default:
                // Names of hosts begin with their @ to readline.
                let isBreak = quote == .none && breaks.unicodeScalars.contains(scalar)
                if isBreak, scalar == "@" { startPart(with: "@") }
                value.unicodeScalars.append(scalar)
                isWord = true
                if isBreak, scalar != "@" { startPart() }
            }
        }
        // The program itself.
        if !words.isEmpty { words.removeFirst() }
    }

    private mutating func startPart(with first: String = "") {
        kept = value
        typed = first
    }

    private mutating func endWord() {
        if isWord {
            if !isRedirected { words.append(value) }
            isRedirected = false
        }
        value = ""
        isWord = false
        startPart()
    }

    private mutating func takeEscaped(_ scalar: Unicode.Scalar) {
        if quote == .ansi {
            ansi += Array(String(scalar).utf8)
        } else {
            if quote == .double, !"\\\"$`".unicodeScalars.contains(scalar) { value.append("\\") }
            value.unicodeScalars.append(scalar)
        }
    }

    private mutating func open(_ scalar: Unicode.Scalar) {
        beforeQuote = (kept, typed)
        isWord = true
        quote = scalar == "'" ? .single : .double
        if scalar == "'", value.last == "$", typed.hasSuffix("$'"), !typed.hasSuffix("\\$'") {
            value.removeLast()
            quote = .ansi
            ansi = []
        }
        startPart()
    }

    /// A quote that was closed is a part of its word like any other.
    private mutating func close() {
        if quote == .ansi { value += String(decoding: AnsiQuote.bytes(ansi), as: UTF8.self) }
        quote = .none
        (kept, typed) = (beforeQuote.kept, beforeQuote.typed + typed)
    }
}
