/// Reads the fields of one object by type, and says what is wrong with those that are not of it.
///
/// A view of `RequestFields`, which must stay as they are while it is used.
struct FieldReader {
    let present: FieldSet
    let spans: UnsafePointer<RequestFields.Span>
    let place: Place

    /// Which object this is.
    enum Place: BitwiseCopyable {
        case request
        /// An element of `entries`.
        case entry(Int)
        /// The `mismatch` of a `report`.
        case mismatch
    }

    init(_ fields: borrowing RequestFields, _ place: Place = .request) {
        present = fields.present
        spans = UnsafePointer(fields.spans)
        self.place = place
    }

    @inline(__always) func has(_ field: Field) -> Bool { present.contains(field) }

    /// The request's `id` as it was sent.
    @inline(__always) var id: Bytes? { has(.id) ? text(.id) : nil }

    /// The JSON text of a field that is present.
    @inline(__always) func text(_ field: Field) -> Bytes { spans[field.index].text }

    func fault(_ message: String, code: ErrorCode = .badRequest) -> WireError {
        switch place {
        case .request: WireError(code: code, message: message)
        case .entry(let index): WireError(code: code, message: "entries[\(index)]: \(message)")
        case .mismatch: WireError(code: code, message: "mismatch: \(message)")
        }
    }

    /// Of a number that is wrong.
    private static let shownDigits = 40

    @inline(never) func mismatch(_ field: Field, _ expected: String) -> WireError {
        let text = text(field)
        var found = JSONText.kind(of: text)
        if found == "a number" {
            found =
                String(decoding: text.prefix(Self.shownDigits), as: UTF8.self)
                + (text.count > Self.shownDigits ? "…" : "")
        }
        return fault("\(field.rawValue) must be \(expected), not \(found)")
    }

    @inline(__always) func boolean(_ field: Field) throws(WireError) -> Bool? {
        guard has(field) else { return nil }
        switch text(field)[0] {
        case UInt8(ascii: "t"): return true
        case UInt8(ascii: "f"): return false
        default: throw mismatch(field, "true or false")
        }
    }

    /// Whether a function is shared with other machines.
    func remote() throws(WireError) -> RemoteField? {
        guard has(.remote) else { return nil }
        switch String(decoding: text(.remote), as: UTF8.self) {
        case "true": return .on
        case "false": return .off
        case "null": return .byPattern
        case "\"read\"": return .readOnly
        default: throw mismatch(.remote, "true, false, \"read\" or null")
        }
    }

    /// A whole number of either sign, up to `WireLimits.integer`.
    private func integer(
        _ field: Field, _ expected: @autoclosure () -> String
    ) throws(WireError) -> Int64 {
        let text = text(field)
        if let value = Self.fewDigits(text) { return value }
        guard text[0] == UInt8(ascii: "-") || text[0] &- UInt8(ascii: "0") < 10 else {
            throw mismatch(field, expected())
        }
        guard let value = JSONNumber(text).integer, value.magnitude <= WireLimits.integer.magnitude else {
            throw mismatch(field, expected())
        }
        return value
    }

    /// The number that is written with up to 15 digits and nothing else.
    @inline(__always) private static func fewDigits(_ text: Bytes) -> Int64? {
        guard let base = text.baseAddress, text.count <= 15 else { return nil }
        var value: Int64 = 0
        for index in 0..<text.count {
            let digit = base.load(fromByteOffset: index, as: UInt8.self) &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value &* 10 &+ Int64(digit)
        }
        return value
    }

    /// A whole number from `least` to `limit`.
    @inline(__always) func count(
        _ field: Field, from least: Int64 = 0, limit: Int64 = WireLimits.integer
    ) throws(WireError) -> Int64? {
        guard has(field) else { return nil }
        return try count(present: field, from: least, limit: limit)
    }

    private func count(
        present field: Field, from least: Int64, limit: Int64
    ) throws(WireError) -> Int64 {
        var expected: String { "an integer from \(least) to \(limit)" }
        let value = try integer(field, expected)
        guard value >= least, value <= limit else { throw mismatch(field, expected) }
        return value
    }

    /// A duration in milliseconds, or null.
    @inline(__always) func duration(orNull field: Field) throws(WireError) -> Setting {
        guard has(field) else { return .absent }
        if text(field)[0] == UInt8(ascii: "n") { return .null }
        var expected: String { "null or an integer from 0 to \(WireLimits.integer)" }
        let value = try integer(field, expected)
        guard value >= 0 else { throw mismatch(field, expected) }
        return .value(value)
    }

    /// `maxsize`: an integer or null; a negative one is 0.
    func maxsize() throws(WireError) -> Setting {
        guard has(.maxsize) else { return .absent }
        if text(.maxsize)[0] == UInt8(ascii: "n") { return .null }
        return .value(max(0, try integer(.maxsize, "null or an integer up to \(WireLimits.integer)")))
    }

    /// `limit`: how many rows.
    func rowLimit() throws(WireError) -> Int? {
        try count(.limit, from: 1, limit: Int64(WireLimits.rows)).map { Int($0) }
    }

    /// `early`: a finite factor, not negative.
    func early() throws(WireError) -> Double? {
        guard has(.early) else { return nil }
        let text = text(.early)
        guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite, value >= 0 else {
            throw mismatch(.early, "a number from 0 to 1.7e308")
        }
        return value
    }

    /// A string, decoded.
    ///
    /// - Parameter lengths: How long it may be, in bytes of UTF-8.
    @inline(__always) func string(
        _ field: Field, lengths: ClosedRange<Int> = 0...Int.max, arena: inout Arena
    ) throws(WireError) -> Bytes? {
        guard has(field) else { return nil }
        let span = spans[field.index]
        guard span.text[0] == UInt8(ascii: "\"") else { throw mismatch(field, "a string") }
        var characters = JSONText.characters(ofString: span.text)
        if span.traits.contains(.escaped) {
            let isUnicode: Bool
            (characters, isUnicode) = arena.decode(characters)
            if !isUnicode { throw fault("\(field.rawValue) has an unpaired surrogate") }
        }
        guard lengths.contains(characters.count) else {
            throw fault(
                "\(field.rawValue) must have \(Self.describe(lengths)) bytes, not \(characters.count)")
        }
        return characters
    }

    static func describe(_ lengths: ClosedRange<Int>) -> String {
        lengths.lowerBound == 0
            ? "at most \(lengths.upperBound)" : "\(lengths.lowerBound) to \(lengths.upperBound)"
    }
}
