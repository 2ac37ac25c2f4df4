internal import MemoWire

/// Builds one JSON object, nested ones included. For replies that are not frequent.
struct ObjectWriter: ~Copyable {
    private(set) var text = ByteBuffer(capacity: 1024)
    private var isFirst = true

    private mutating func name(_ name: String) {
        if !isFirst { text.append(",") }
        isFirst = false
        text.append(jsonString: name)
        text.append(":")
    }

    mutating func field(_ name: String, _ value: some BinaryInteger) {
        self.name(name)
        text.append(decimal: Int64(value))
    }

    mutating func field(_ name: String, _ value: Bool) {
        self.name(name)
        text.append(value ? "true" : "false")
    }

    mutating func field(_ name: String, _ value: String) {
        self.name(name)
        text.append(jsonString: value)
    }

    mutating func field(_ name: String, _ values: [String]) {
        self.name(name)
        text.append("[")
        for (index, value) in values.enumerated() {
            if index > 0 { text.append(",") }
            text.append(jsonString: value)
        }
        text.append("]")
    }

    /// A number from 0 to 1, to four places.
    mutating func field(_ name: String, ratio: Double) {
        self.name(name)
        let parts = Int64((ratio * 10_000).rounded())
        guard parts % 10_000 != 0 else { return text.append(decimal: parts / 10_000) }
        let fraction = String(parts % 10_000)
        text.append("0.")
        for digit in (String(repeating: "0", count: 4 - fraction.utf8.count) + fraction).utf8 {
            text.append(digit)
        }
    }

    /// An array of objects.
    mutating func array<Element>(
        _ name: String, _ elements: EnumeratedSequence<[Element]>,
        _ build: (Int, Element, inout ObjectWriter) -> Void
    ) {
        self.name(name)
        text.append("[")
        for (index, element) in elements {
            text.append(index == 0 ? "{" : ",{")
            isFirst = true
            build(index, element, &self)
            text.append("}")
        }
        isFirst = false
        text.append("]")
    }

    mutating func object(_ name: String, _ build: (inout ObjectWriter) -> Void) {
        self.name(name)
        text.append("{")
        isFirst = true
        build(&self)
        isFirst = false
        text.append("}")
    }

    /// Appends the fields to a reply and ends it.
    consuming func reply(to request: Request, into output: inout ByteBuffer) {
        ReplyWriter.begin(request.id, into: &output)
        if !isFirst { output.append(",") }
        output.append(text.bytes)
        ReplyWriter.end(into: &output)
    }
}
