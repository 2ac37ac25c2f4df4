/// What a snapshot has beside the directory.
struct SnapshotContext {
    var stamp: (UInt64, UInt64)
    var figures: InterningFigures
    var journalRows: Int
}
