internal import MemoRegion

/// The published region of one owner's functions: what is in it, and who has it mapped.
final class OwnerRegion {
    /// A process that has the region mapped, by the connection that it did so on.
    struct Client: ~Copyable {
        let connection: ConnectionID
        var uses: UsesReader
    }

    let owner: Int64
    var writer: RegionWriter
    /// The tickets of published entries, by slot.
    var tickets: [Slot: UInt32] = [:]
    private var clients: [UnsafeMutablePointer<Client>] = []
    /// By place: the function; `nil`: the place is free.
    private(set) var functions: [FunctionSlot?] = []
    private var freePlaces: [UInt16] = []
    private var notes: [UseNote] = []

    init(owner: Int64, _ writer: consuming RegionWriter) {
        self.owner = owner
        self.writer = writer
    }

    deinit {
        for client in clients { Self.free(client) }
    }

    private static func free(_ client: UnsafeMutablePointer<Client>) {
        client.deinitialize(count: 1)
        client.deallocate()
    }

    // MARK: places of functions

    /// A place for a function; `nil` if there are none left.
    func takePlace(_ function: FunctionSlot) -> UInt16? {
        if let place = freePlaces.popLast() {
            functions[Int(place)] = function
            return place
        }
        guard functions.count < writer.geometry.functionCount else { return nil }
        functions.append(function)
        return UInt16(functions.count - 1)
    }

    /// Hides what is published of the function, and gives its place to others.
    func givePlaceBack(_ place: UInt16) {
        writer.clear(place: Int(place))
        functions[Int(place)] = nil
        freePlaces.append(place)
        for client in clients { client.pointee.uses.forget(place: Int(place)) }
    }

    // MARK: clients

    var clientCount: Int { clients.count }

    func add(_ connection: ConnectionID, _ uses: consuming UsesReader) {
        let client = UnsafeMutablePointer<Client>.allocate(capacity: 1)
        client.initialize(to: Client(connection: connection, uses: uses))
        clients.append(client)
    }

    /// - Returns: whether it was there.
    func remove(_ connection: ConnectionID) -> Bool {
        guard let index = clients.firstIndex(where: { $0.pointee.connection == connection }) else {
            return false
        }
        Self.free(clients.remove(at: index))
        return true
    }

    // MARK: uses

    var hasExactNotes: Bool { clients.contains { $0.pointee.uses.hasExactNotes } }

    /// The published entries that clients say they used, in the order in which they did, as far as clients can be believed.
    func takeUses(_ body: (Slot) -> Void) {
        notes.removeAll(keepingCapacity: true)
        var clientsWithNotes = 0
        for client in clients where client.pointee.uses.hasNotes {
            clientsWithNotes += 1
            client.pointee.uses.drain(into: &notes)
        }
        if clientsWithNotes > 1 { notes.sort { $0.time < $1.time } }
        for note in notes {
            if let slot = writer.used(note.ticket, generation: note.generation) { body(slot) }
        }
    }

    /// The hits that clients counted for the function with this place since this was asked last.
    func takeCount(place: Int) -> (hits: Int64, savedMs: Int64) {
        var sum: (hits: Int64, savedMs: Int64) = (0, 0)
        for client in clients {
            guard let more = client.pointee.uses.takeCount(place: place) else { continue }
            sum.hits.addSaturating(more.hits)
            sum.savedMs.addSaturating(more.savedMs)
        }
        return sum
    }
}
