/// Rows that a connection's request waits for: at least one, and nearly always one, which takes no array.
package struct ColdRequest: Sendable {
    package let connection: ConnectionID
    private let first: RowReference
    private let others: [RowReference]

    package init(_ connection: ConnectionID, _ reference: RowReference) {
        self.connection = connection
        first = reference
        others = []
    }

    /// - Parameter references: not empty.
    package init(_ connection: ConnectionID, _ references: [RowReference]) {
        self.connection = connection
        first = references[0]
        others = Array(references.dropFirst())
    }

    package var count: Int { 1 + others.count }

    /// Calls `body` with each row until it returns false.
    /// - Returns: whether it never did.
    func allSatisfy(_ body: (RowReference) -> Bool) -> Bool {
        body(first) && others.allSatisfy(body)
    }
}
