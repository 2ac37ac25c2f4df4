/// What was read from disk for one connection's request.
package struct ColdRead: Sendable {
    package let loadedRows: [LoadedRow]
    /// Entries whose rows are gone or damaged.
    package let lost: [RowReference]
    /// Why others could not be read, if so: nobody knows what they are.
    package let failure: String?
    /// The file is damaged beyond single rows.
    let isCorrupt: Bool
}
