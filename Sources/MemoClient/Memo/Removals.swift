/// What of a function's results is to go and the daemon has not yet said is gone. Until it has, it is not asked for
/// results. Not for several threads: its owner has a lock.
struct Removals {
    /// Keys at most; beyond that all results go.
    static let maximumKeys = 256

    private var keys: [[UInt8]: JSONText] = [:]
    private var isAll = false
    /// Changes with each demand, so that none passes for an earlier one.
    private var number: UInt64 = 0

    /// What to tell the daemon.
    struct Demand {
        let isAll: Bool
        let keys: [JSONText]
        fileprivate let number: UInt64
    }

    mutating func addAll() {
        number += 1
        isAll = true
        keys = [:]
    }

    mutating func add(_ key: MemoizedKey) {
        number += 1
        guard !isAll else { return }
        keys[key.canonical] = key.json
        if keys.count > Self.maximumKeys { addAll() }
    }

    var demand: Demand? {
        isAll || !keys.isEmpty ? Demand(isAll: isAll, keys: Array(keys.values), number: number) : nil
    }

    /// The daemon has done it. What was demanded since stays.
    mutating func done(_ demand: Demand) {
        guard demand.number == number else { return }
        isAll = false
        keys = [:]
    }
}
