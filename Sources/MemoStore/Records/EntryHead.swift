/// What is known of a stored entry without reading its key and value: enough for the index in memory.
package struct EntryHead: Sendable, Equatable {
    /// Row numbers only grow: a younger entry has a larger one.
    package var row: Int64
    package var function: FunctionID
    package var hash: UInt64
    /// End of its life, the grace time included, in store time; `Int64.max`: never.
    package var expires: Int64
    package var keyBytes: Int
    package var valueBytes: Int
    package var tags: [TagID]
}
