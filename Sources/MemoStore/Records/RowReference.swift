/// An entry whose key or value has to be read from the database before a request can go on.
package struct RowReference: Sendable, Equatable {
    package let slot: UInt32
    package let row: Int64
}
