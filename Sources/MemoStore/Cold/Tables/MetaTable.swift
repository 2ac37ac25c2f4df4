internal import Glibc
internal import SQLite

/// The table `meta`: what the store as a whole has to remember.
final class MetaTable {
    /// Numbers never given out so far, each larger than all that were.
    struct NextNumbers: Equatable {
        var row: Int64 = 1
        var function: Int64 = 1
        var tag: Int64 = 1
    }

    private enum Name: String {
        case seed, clock, totals, next, snapshot, commit
        case tombstones = "notes"
    }

    private let select: Statement
    private let replace: Statement

    init(_ connection: borrowing Connection) throws(SQLiteError) {
        select = try Statement(connection, "SELECT value, checksum FROM meta WHERE name = ?")
        replace = try Statement(connection, "INSERT OR REPLACE INTO meta VALUES (?, ?, ?)")
    }

    /// The 128-bit seed of the keys' hashes; `nil` in a new database.
    func seed() throws(ColdError) -> [UInt64]? {
        guard let numbers = try numbers(.seed) else { return nil }
        return numbers.count == 2 ? numbers.map { UInt64(bitPattern: $0) } : try unreadable(.seed)
    }

    /// What the checksums of keys and values are seeded with beside their rows: who does not know it cannot
    /// write a value that passes for a row where it stands in one's place.
    func salt() throws(ColdError) -> UInt64 {
        try (seed() ?? []).withUnsafeBytes { Checksum.of($0, seed: 1) }
    }

    func save(seed: [UInt64]) throws(SQLiteError) {
        try save(.seed, numbers: seed.map { Int64(bitPattern: $0) })
    }

    /// The newest commit and the clock as of then, which are written together with each.
    /// - Returns: `nil` for what the database is too old to have: the mark where it was made before there were any, the
    ///   clock if nothing was committed yet.
    func commit() throws(ColdError) -> (mark: CommitMark?, clock: StoreClock.State?) {
        guard let bytes = try read(.commit) else { return (nil, try oldClock()) }
        let numbers = bytes.prefix(CommitMark.bytes).withUnsafeBytes { $0.numbers }
        guard let mark = CommitMark(numbers) else { return try unreadable(.commit) }
        let rest = Array(bytes.dropFirst(CommitMark.bytes))
        if rest.isEmpty { return (mark, nil) }
        guard let clock = rest.withUnsafeBytes({ StoreClock.State($0) }) else {
            return try unreadable(.commit)
        }
        return (mark, clock)
    }

    /// Before there were marks the clock stood by itself.
    private func oldClock() throws(ColdError) -> StoreClock.State? {
        guard let bytes = try read(.clock) else { return nil }
        guard let state = bytes.withUnsafeBytes({ StoreClock.State($0) }) else {
            return try unreadable(.clock)
        }
        return state
    }

    func save(_ mark: CommitMark, _ clock: StoreClock.State?) throws(SQLiteError) {
        try save(.commit, mark.numbers.blob + (clock?.bytes ?? []))
    }

    func totals() throws(ColdError) -> Totals {
        var totals = Totals()
        guard let numbers = try numbers(.totals) else { return totals }
        // Of before hits were verified there are 7, and of before they were published 9.
        guard [7, 9, 10].contains(numbers.count) else { return try unreadable(.totals) }
        totals.hits = numbers[0]
        totals.misses = numbers[1]
        totals.savedMs = numbers[2]
        totals.evictions = numbers[3]
        totals.expirations = numbers[4]
        totals.hotHits = numbers[5]
        totals.coldHits = numbers[6]
        if numbers.count > 7 { (totals.verified, totals.mismatched) = (numbers[7], numbers[8]) }
        if numbers.count > 9 { totals.regionHits = numbers[9] }
        return totals
    }

    func save(_ totals: Totals) throws(SQLiteError) {
        try save(
            .totals,
            numbers: [
                totals.hits, totals.misses, totals.savedMs, totals.evictions, totals.expirations,
                totals.hotHits, totals.coldHits, totals.verified, totals.mismatched,
                totals.regionHits,
            ])
    }

    func next() throws(ColdError) -> NextNumbers {
        guard let numbers = try numbers(.next) else { return NextNumbers() }
        guard numbers.count == 3, numbers.allSatisfy({ $0 > 0 }) else { return try unreadable(.next) }
        return NextNumbers(row: numbers[0], function: numbers[1], tag: numbers[2])
    }

    func save(_ next: NextNumbers) throws(SQLiteError) {
        try save(.next, numbers: [next.row, next.function, next.tag])
    }

    /// The stamp of the index's snapshot that says the same as the database; `nil` since the commit after it.
    func snapshotStamp() throws(ColdError) -> (UInt64, UInt64)? {
        guard let numbers = try numbers(.snapshot), numbers.count == 2 else { return nil }
        return (UInt64(bitPattern: numbers[0]), UInt64(bitPattern: numbers[1]))
    }

    func save(snapshotStamp stamp: (UInt64, UInt64)?) throws(SQLiteError) {
        try save(.snapshot, numbers: stamp.map { [Int64(bitPattern: $0.0), Int64(bitPattern: $0.1)] } ?? [])
    }

    /// Numbers of the tombstones in `deleted`: the first one, and the one behind the last.
    func tombstones() throws(ColdError) -> (first: Int64, next: Int64) {
        // The migration made it.
        guard let numbers = try numbers(.tombstones), numbers.count == 2, numbers[0] <= numbers[1] else {
            return try unreadable(.tombstones)
        }
        return (numbers[0], numbers[1])
    }

    func save(tombstones: (first: Int64, next: Int64)) throws(SQLiteError) {
        try save(.tombstones, numbers: [tombstones.first, tombstones.next])
    }

    private func unreadable<Result>(_ name: Name) throws(ColdError) -> Result {
        throw ColdError(.corrupt, "its record of the \(name.rawValue) is damaged")
    }

    private func numbers(_ name: Name) throws(ColdError) -> [Int64]? {
        guard let bytes = try read(name) else { return nil }
        return bytes.withUnsafeBytes { $0.numbers }
    }

    private func read(_ name: Name) throws(ColdError) -> [UInt8]? {
        do {
            try select.bind(1, name.rawValue)
            guard try select.step() else { return nil }
            defer { select.reset() }
            let bytes = select.bytes(0)
            guard Checksum.of(bytes, seed: seed(of: name)) == UInt64(bitPattern: select.integer(1)) else {
                return try unreadable(name)
            }
            return Array(bytes)
        } catch {
            throw ColdError(any: error)
        }
    }

    private func save(_ name: Name, numbers: [Int64]) throws(SQLiteError) {
        try save(name, numbers.blob)
    }

    private func save(_ name: Name, _ bytes: [UInt8]) throws(SQLiteError) {
        let seed = seed(of: name)
        try replace.bind(1, name.rawValue)
        try replace.bind(2, copying: bytes)
        try replace.bind(3, Int64(bitPattern: bytes.withUnsafeBytes { Checksum.of($0, seed: seed) }))
        try replace.run()
    }

    /// So that one record cannot stand in another's place.
    private func seed(of name: Name) -> UInt64 { Checksum.of(name.rawValue, seed: 0) }

    /// 128 bits from the kernel.
    static func randomSeed() -> [UInt64] {
        var generator = SystemRandomNumberGenerator()
        return [generator.next(), generator.next()]
    }
}
