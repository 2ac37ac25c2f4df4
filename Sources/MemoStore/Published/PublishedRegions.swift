internal import MemoRegion

/// The regions of memory in which hits are published, one for each owner.
struct PublishedRegions: ~Copyable {
    /// What all regions may take together; 0: nothing is published.
    let limit: Int
    /// Why nothing is published, if so; for people.
    private(set) var reason: String?
    /// Of this start: regions of another daemon are known by it.
    private let instance: (UInt64, UInt64)
    /// Store time minus boot time; `nil` while a test moves the clock, which readers of a region would not notice.
    let bootOffset: Int64?
    private let regionBytes: Int
    private let regionsMax: Int
    private var regions: [OwnerRegion?]
    /// Processes that have mapped a region, and on how many connections.
    private var processes: [Process: Int] = [:]
    private var connections: [ConnectionID: Process] = [:]
    private var nextNumber: UInt32 = 1
    /// Changes whenever a process has mapped a region, or has it mapped no more; 0: no one has.
    private(set) var generation: UInt32 = 0
    private var generations: UInt32 = 0

    /// As the kernel says of whoever made a connection.
    struct Process: Hashable {
        var uid: UInt32
        var number: Int32
    }

    /// If users are isolated, this many of them have a region each.
    private static let ownersMax = 8
    static let clientsMax = 128

    /// Publishes nothing.
    init(reason: String) {
        self.reason = reason
        limit = 0
        bootOffset = nil
        instance = (0, 0)
        regionBytes = 0
        regionsMax = 0
        regions = []
    }

    init(limit: Int, isolatesOwners: Bool, instance: (UInt64, UInt64), bootOffset: Int64?) {
        self.limit = limit
        self.bootOffset = bootOffset
        self.instance = instance
        regionsMax = isolatesOwners ? min(Self.ownersMax, max(1, limit / RegionGeometry.bytesLeast)) : 1
        regionBytes = limit / regionsMax
        regions = Array(repeating: nil, count: regionsMax)
    }

    var isOn: Bool { reason == nil }

    @inline(__always)
    subscript(index: UInt8) -> OwnerRegion { regions[Int(index)].unsafelyUnwrapped }

    var all: [(index: UInt8, region: OwnerRegion)] {
        regions.enumerated().compactMap { index, region in region.map { (UInt8(index), $0) } }
    }

    func find(_ owner: Int64) -> UInt8? {
        regions.firstIndex { $0?.owner == owner }.map { UInt8($0) }
    }

    /// Whether an owner could have a region of its own without another's going.
    var hasRoom: Bool { regions.contains { $0 == nil } }

    /// A region that no one has mapped, to make room for another.
    var idle: UInt8? { regions.firstIndex { $0?.clientCount == 0 }.map { UInt8($0) } }

    mutating func add(_ owner: Int64, seed: UInt32) throws(RegionError) -> UInt8 {
        guard let index = regions.firstIndex(where: { $0 == nil }) else {
            throw RegionError("\(regionsMax) owners have regions, and all of them use them")
        }
        guard let geometry = RegionGeometry(bytes: regionBytes) else {
            throw RegionError("a region of \(regionBytes) bytes is too small")
        }
        regions[index] = OwnerRegion(
            owner: owner, try RegionWriter(geometry, instance: instance, seed: seed))
        return UInt8(index)
    }

    /// Takes a region out: readers take nothing from it from now on.
    mutating func remove(_ index: UInt8) -> OwnerRegion? {
        guard let region = regions[Int(index)] else { return nil }
        region.writer.close()
        regions[Int(index)] = nil
        return region
    }

    mutating func takeNumber() -> UInt32 {
        defer { nextNumber += 1 }
        return nextNumber
    }

    // MARK: processes

    func hasMapped(_ process: Process) -> Bool { processes[process] != nil }

    func hasMapped(_ connection: ConnectionID) -> Bool { connections[connection] != nil }

    mutating func enter(_ process: Process, on connection: ConnectionID) {
        connections[connection] = process
        processes[process, default: 0] += 1
        changeGeneration()
    }

    mutating func leave(_ connection: ConnectionID) {
        guard let process = connections.removeValue(forKey: connection), let count = processes[process] else {
            return
        }
        processes[process] = count > 1 ? count - 1 : nil
        changeGeneration()
    }

    mutating func leaveAll() {
        connections = [:]
        processes = [:]
        changeGeneration()
    }

    private mutating func changeGeneration() {
        generations &+= 1
        if generations == 0 { generations = 1 }
        generation = processes.isEmpty ? 0 : generations
    }

    var clientCount: Int { connections.count }

    /// Nothing is published from now on.
    mutating func end(_ reason: String) { self.reason = reason }
}
