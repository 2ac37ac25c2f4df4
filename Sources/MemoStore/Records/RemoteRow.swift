/// A row of the table `remote`: what this host has to remember of the tier that it shares with others.
struct RemoteRow: Sendable, Equatable {
    enum Kind: Int64, Sendable {
        /// The epoch of everything.
        case namespace = 0
        case function, tag
        /// A key that was deleted here, which the others do not know yet.
        case deletion
        /// How far the log was read, and of which server.
        case log
    }

    var kind: Kind
    /// A function's or a tag's.
    var name: [UInt8] = []
    var key: [UInt8] = []
    /// `nil`: the row is to be deleted.
    var state: [UInt8]?
}
