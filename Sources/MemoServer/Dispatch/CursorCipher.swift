internal import MemoStore

/// Turns a slot of the directory into the text that a reply's `next` says, and back.
///
/// Slots are handed out over all users in turn, so that a plain number would tell how many entries there are. With a
/// key it is permuted: a Feistel network of 32 bits with SipHash as the round function (Luby and Rackoff, 1988).
struct CursorCipher {
    /// `nil`: as it is.
    private let hash: KeyHash?
    private static let rounds: UInt32 = 6

    /// - Parameter key: a secret; a cursor is worth nothing under another one, as after a restart.
    init(key: (UInt64, UInt64)?) {
        hash = key.map { KeyHash(seed: $0) }
    }

    func text(_ slot: UInt32) -> String {
        guard let hash else { return String(slot) }
        var (left, right) = (UInt16(slot >> 16), UInt16(truncatingIfNeeded: slot))
        for round in 0..<Self.rounds { (left, right) = (right, left ^ scramble(right, round, hash)) }
        return String(UInt32(left) << 16 | UInt32(right))
    }

    /// - Returns: `nil` if the text is no number that `text` could have made.
    func slot(_ text: String) -> UInt32? {
        guard let number = UInt32(text) else { return nil }
        guard let hash else { return number }
        var (left, right) = (UInt16(number >> 16), UInt16(truncatingIfNeeded: number))
        for round in (0..<Self.rounds).reversed() {
            (left, right) = (right ^ scramble(left, round, hash), left)
        }
        return UInt32(left) << 16 | UInt32(right)
    }

    private func scramble(_ half: UInt16, _ round: UInt32, _ hash: KeyHash) -> UInt16 {
        withUnsafeBytes(of: half) { UInt16(truncatingIfNeeded: hash(domain: round, key: $0)) }
    }
}
