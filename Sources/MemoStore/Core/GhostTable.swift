/// Why an entry is not there any more.
package enum Removal: UInt8, Sendable {
    case none, expired, evicted, deleted, cleared, rejected
}

/// By what it went.
package enum RemovalCause: UInt8, Sendable {
    case ttl, maxsize, hotBytes, coldBytes, entryLimit, delete, clearFunction, clearTag, clearAll,
        typedChanged
    case tooLarge, damaged
    case maxBytes, unpersisted, tags
    case remote

    package var text: String {
        switch self {
        case .ttl: "ttl"
        case .maxsize: "maxsize"
        case .hotBytes: "hot-bytes"
        case .coldBytes: "cold-bytes"
        case .entryLimit: "entry limit"
        case .delete: "delete"
        case .clearFunction: "clear fn"
        case .clearTag: "clear tag"
        case .clearAll: "clear all"
        case .typedChanged: "define typed"
        case .tooLarge: "too large"
        case .damaged: "damaged row"
        case .maxBytes: "max_bytes"
        case .unpersisted: "define persist"
        case .tags: "tags"
        case .remote: "another host"
        }
    }
}

/// What is remembered of an entry that is gone.
package struct Ghost: BitwiseCopyable, Sendable {
    var hash: UInt32 = 0
    var function = FunctionID.none
    package internal(set) var at: Int64 = 0
    var removalCode: UInt8 = 0
    var causeCode: UInt8 = 0

    package var removal: Removal { Removal(rawValue: removalCode) ?? .none }
    package var cause: RemovalCause { RemovalCause(rawValue: causeCode) ?? .ttl }
}

/// The last removals, in a table of fixed size: sets of four, of which the oldest makes room.
struct GhostTable: ~Copyable {
    private var ghosts: [Ghost]
    private static let ways = 4
    private let setCount: Int
    private var count = 0

    /// - Parameter capacity: a power of two, at least 4.
    init(capacity: Int) {
        setCount = capacity / Self.ways
        ghosts = Array(repeating: Ghost(), count: capacity)
    }

    var bytes: Int { ghosts.count * MemoryLayout<Ghost>.stride }
    var capacity: Int { ghosts.count }

    private func start(_ hash: UInt32, _ function: FunctionID) -> Int {
        Int((hash ^ (function.rawValue &* 0x9e37_79b9)) % UInt32(setCount)) * Self.ways
    }

    func find(hash: UInt32, function: FunctionID) -> Ghost? {
        let start = start(hash, function)
        for index in start..<start + Self.ways {
            let ghost = ghosts[index]
            if ghost.removalCode != 0, ghost.hash == hash, ghost.function == function { return ghost }
        }
        return nil
    }

    mutating func add(
        hash: UInt32, function: FunctionID, at: Int64, _ removal: Removal, _ cause: RemovalCause
    ) {
        let start = start(hash, function)
        var place = start
        for index in start..<start + Self.ways {
            if ghosts[index].hash == hash && ghosts[index].function == function {
                if ghosts[index].removalCode != 0, ghosts[index].at > at { return }
                place = index
                break
            }
            if ghosts[index].at < ghosts[place].at { place = index }
        }
        if ghosts[place].removalCode == 0 { count += 1 }
        ghosts[place] = Ghost(
            hash: hash, function: function, at: at, removalCode: removal.rawValue,
            causeCode: cause.rawValue)
    }

    /// Forgets a key that is there again.
    mutating func remove(hash: UInt32, function: FunctionID) {
        // Most often a cache miss for nothing.
        guard count > 0 else { return }
        let start = start(hash, function)
        for index in start..<start + Self.ways
        where ghosts[index].removalCode != 0 && ghosts[index].hash == hash
            && ghosts[index].function == function
        {
            ghosts[index] = Ghost()
            count -= 1
        }
    }
}
