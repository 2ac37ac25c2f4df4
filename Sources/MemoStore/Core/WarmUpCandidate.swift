/// A cold entry that may be read into memory after a start.
struct WarmUpCandidate {
    var used: UInt64
    var reference: RowReference
    var bytes: Int
}
