/// A hit that a client computed again and that gave another result: a row of the table `mismatch`.
package struct MismatchRow: Sendable, Equatable {
    /// Rises with each one.
    package internal(set) var number: Int64 = 0
    package internal(set) var function = FunctionID.none
    /// When it was reported: wall time, ms.
    package internal(set) var at: Int64 = 0
    /// Of the key, as the client makes it.
    package var digest: String
    /// What was kept and what was computed, shortened.
    package var kept: String
    package var computed: String

    /// All in UTF-8.
    /// - Parameter valueBytes: how much is kept of each of the two values.
    package init(
        digest: UnsafeRawBufferPointer, kept: UnsafeRawBufferPointer, computed: UnsafeRawBufferPointer,
        valueBytes: Int
    ) {
        self.digest = String(decoding: digest, as: UTF8.self)
        self.kept = Self.shortened(kept, valueBytes)
        self.computed = Self.shortened(computed, valueBytes)
    }

    /// As many whole characters of UTF-8 as fit.
    private static func shortened(_ text: UnsafeRawBufferPointer, _ bytes: Int) -> String {
        var end = min(text.count, bytes)
        while end > 0, end < text.count, text[end] & 0xC0 == 0x80 { end -= 1 }
        return String(decoding: text[..<end], as: UTF8.self)
    }
}
