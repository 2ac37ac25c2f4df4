/// What is kept of an entry beside its key and value.
struct EntryMetadata {
    /// In store time, of which 48 bits are kept: until the year 6429.
    var created: Int64
    /// Until when it is fresh, and until when it may be served at all; `Int64.max`: for ever.
    var fresh = Int64.max
    var expires = Int64.max
    var costMs: UInt32 = 0
    /// Who wrote it.
    var uid: UInt32 = 0
}
