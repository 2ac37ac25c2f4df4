/// Who has how much in a write queue that is getting full: that of one who writes without end is not to keep the puts of
/// others waiting. Where several users write, all connections of one count together.
struct QueueShares {
    private var connections: [ConnectionID: Int] = [:]
    private var users: [UInt32: Int] = [:]

    mutating func note(_ bytes: Int, of writer: QueueWriter) {
        connections[writer.connection, default: 0] += bytes
        users[writer.uid, default: 0] += bytes
    }

    var isEmpty: Bool { users.isEmpty }

    mutating func removeAll() {
        guard !users.isEmpty else { return }
        connections.removeAll(keepingCapacity: connections.count < Self.kept)
        users.removeAll(keepingCapacity: users.count < Self.kept)
    }

    private static let kept = 256

    /// Whether someone may add this many bytes to a full queue: those who have little in it may, and the less, the more
    /// they are.
    func mayExceed(_ writer: QueueWriter, adding bytes: Int, of costMax: Int) -> Bool {
        let areSeveral = users.count > (users[writer.uid] == nil ? 0 : 1)
        let (has, count) =
            areSeveral
            ? (users[writer.uid] ?? 0, users.count) : (connections[writer.connection] ?? 0, connections.count)
        return has + bytes <= costMax / (4 * (count + 1))
    }
}

/// Who writes.
package struct QueueWriter {
    var connection: ConnectionID
    var uid: UInt32

    package init(connection: ConnectionID, uid: UInt32) {
        self.connection = connection
        self.uid = uid
    }
}
