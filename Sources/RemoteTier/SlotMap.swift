package import RemoteLink

/// Which server has which keys.
package struct SlotMap: Equatable, Sendable {
    package private(set) var places: [ServerAddress.Place]
    /// Indices into `places`; empty: one server has all.
    private var slots: [UInt16]

    private static let nobody = UInt16.max
    private static let placesMax = 4096

    package init(single place: ServerAddress.Place) {
        places = [place]
        slots = []
    }

    /// - Parameters:
    ///   - reply: to CLUSTER SLOTS.
    ///   - place: who answered.
    /// - Returns: `nil` if it is no such reply, or no slot has a server.
    package init?(clusterSlots reply: RespValue, askedAt place: ServerAddress.Place) {
        guard let ranges = reply.elements else { return nil }
        places = []
        slots = Array(repeating: Self.nobody, count: KeySlot.count)
        for range in ranges {
            guard let parts = range.elements, parts.count >= 3, let first = parts[0].integer,
                let last = parts[1].integer, first >= 0, first <= last, last < KeySlot.count,
                let node = parts[2].elements, node.count >= 2, let port = node[1].integer,
                let owner = ServerAddress.Place(
                    host: String(decoding: node[0].bytes ?? [], as: UTF8.self), port: Int(port),
                    askedAt: place),
                let number = number(of: owner)
            else { return nil }
            for slot in Int(first)...Int(last) { slots[slot] = number }
        }
        if places.isEmpty { return nil }
    }

    /// - Returns: `nil` if no server has the slot.
    package subscript(slot: Int) -> ServerAddress.Place? {
        if slots.isEmpty { return places[0] }
        return slots[slot] == Self.nobody ? nil : places[Int(slots[slot])]
    }

    package var isCluster: Bool { !slots.isEmpty }

    /// A slot has another server now.
    package mutating func move(_ slot: Int, to place: ServerAddress.Place) {
        guard isCluster, let number = number(of: place) else { return }
        slots[slot] = number
    }

    private mutating func number(of place: ServerAddress.Place) -> UInt16? {
        if let known = places.firstIndex(of: place) { return UInt16(known) }
        guard places.count < Self.placesMax else { return nil }
        places.append(place)
        return UInt16(places.count - 1)
    }
}
