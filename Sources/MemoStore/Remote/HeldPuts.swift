internal import RemoteLink

/// Puts that wait until it is known which epochs they are put under: the first ones of a function or a tag.
struct HeldPuts: Sendable {
    struct Held: Sendable {
        var put: LinkRequest.Put
        var fields: [EpochField]
        var since: Int64
    }

    static let countMax = 1000
    static let bytesMax = 16 << 20
    static let ageMaxMs: Int64 = 2000
    private var held: [Held] = []
    private var bytes = 0

    var isEmpty: Bool { held.isEmpty }

    /// - Returns: false if there is no room.
    mutating func add(_ put: LinkRequest.Put, _ fields: [EpochField], now: Int64) -> Bool {
        let size = put.entry.value.count + put.key.count
        guard held.count < Self.countMax, bytes + size <= Self.bytesMax else { return false }
        held.append(Held(put: put, fields: fields, since: now))
        bytes += size
        return true
    }

    mutating func removeAll() -> [Held] {
        bytes = 0
        return exchange(&held, with: [])
    }

    /// What was computed before something was cleared or deleted is of no use.
    mutating func forget(where isMeant: (Held) -> Bool) {
        guard !held.isEmpty else { return }
        held.removeAll(where: isMeant)
        bytes = held.reduce(0) { $0 + $1.put.entry.value.count + $1.put.key.count }
    }
}
