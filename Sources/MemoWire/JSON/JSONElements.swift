/// The elements of an array that the scanner has passed over, one after another.
struct JSONElements {
    private var scanner: JSONScanner
    private var isFirst = true

    /// `nil` if `text` is no array.
    init?(_ text: Bytes) {
        guard text.first == UInt8(ascii: "[") else { return nil }
        scanner = JSONScanner(text)
        scanner.position = 1
    }

    /// The next element without white space around it, and what the scanner sees in it.
    mutating func next() -> (text: Bytes, traits: JSONScanner.Traits)? {
        scanner.skipWhitespace()
        if !isFirst, scanner.peek == UInt8(ascii: ",") {
            scanner.position &+= 1
            scanner.skipWhitespace()
        }
        isFirst = false
        let start = scanner.position
        scanner.traits = []
        // The depth was judged when the line was scanned; at the closing bracket there is no value.
        guard (try? scanner.skipValue(depth: 0)) != nil else { return nil }
        return (Bytes(start: scanner.base + start, count: scanner.position &- start), scanner.traits)
    }
}
