internal import MemoWire
internal import Platform
internal import Synchronization

/// For one function: says which hits have their turn, and compares.
final class Verifier: Sendable {
    private let share: Double
    private let isFirstPending: Mutex<Bool>

    init(_ verification: Verification?) {
        if case .share(let share)? = verification { self.share = share } else { share = 0 }
        isFirstPending = Mutex(verification == .first)
    }

    /// Whether a hit is to be verified.
    func takeTurn() -> Bool {
        if share > 0 { return Double.random(in: 0..<1) < share }
        return isFirstPending.withLock { isPending in
            defer { isPending = false }
            return isPending
        }
    }

    /// What differs, if so.
    /// - Parameter value: what was kept, as it stood on the wire.
    static func mismatch<Result: Codable>(
        _ key: MemoizedKey, kept: Result, _ value: JSONText, computed: Result
    ) -> Mismatch? {
        guard !RoundTrip.areEqual(kept, computed) else { return nil }
        let json = (try? JSONEncoding.encode(computed)).map { JSONText($0).description }
        return Mismatch(
            digest: String(key.canonical.withUnsafeBytes { SHA256.digest(of: Array($0)) }.prefix(32)),
            kept: shortened(value.description), computed: shortened(json ?? "\(computed)"))
    }

    /// As much as is kept.
    static func shortened(_ text: String, to bytes: Int = 200) -> String {
        guard text.utf8.count > bytes else { return text }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: bytes - 3)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return text[..<end] + "..."
    }
}
