/// Names the state that a commit left: its number, one more than the commit's before it, and a checksum that chains it
/// to all of them. The database's own rows have it, and so has the witness beside them (`CommitWitness`).
struct CommitMark: Sendable, Equatable {
    /// Drawn when a database is made: a copy that lives on by itself has another one.
    var database: UInt64
    var number: UInt64
    var chain: UInt64
    /// The chain of the commit before.
    var previous: UInt64

    /// Of a database in which nothing was committed yet.
    static func first() -> CommitMark {
        var generator = SystemRandomNumberGenerator()
        let database = generator.next() as UInt64
        return CommitMark(database: database, number: 0, chain: database, previous: 0)
    }

    /// - Parameter salt: another one each time a database is opened, so that two copies that went on apart differ.
    func next(salt: UInt64) -> CommitMark {
        let link = withUnsafeBytes(of: (chain, number + 1)) { Checksum.of($0, seed: salt) }
        return CommitMark(database: database, number: number + 1, chain: link, previous: chain)
    }

    func isSameCommit(as other: CommitMark) -> Bool {
        database == other.database && number == other.number && chain == other.chain
    }

    /// Whether it is the very next commit after another one.
    func follows(_ other: CommitMark) -> Bool {
        database == other.database && number == other.number + 1 && previous == other.chain
    }
}

extension CommitMark {
    static let bytes = 32

    var numbers: [Int64] { [database, number, chain, previous].map { Int64(bitPattern: $0) } }

    /// - Returns: `nil` if these are not the numbers of a mark.
    init?(_ numbers: some Collection<Int64>) {
        guard numbers.count == 4 else { return nil }
        let words = numbers.map { UInt64(bitPattern: $0) }
        self.init(database: words[0], number: words[1], chain: words[2], previous: words[3])
    }
}

/// The commits of one process: what the database has to show when it is opened again.
struct CommitChain: Sendable {
    private(set) var newest: CommitMark
    /// A commit that failed: it may be in the log all the same.
    private(set) var attempted: CommitMark?
    private let salt: UInt64

    init(newest: CommitMark) {
        var generator = SystemRandomNumberGenerator()
        self.newest = newest
        salt = generator.next()
    }

    /// The next commit's mark, to be written within its transaction.
    mutating func attempt() -> CommitMark {
        let mark = newest.next(salt: salt)
        attempted = mark
        return mark
    }

    /// The transaction is over, and the mark in the database.
    mutating func committed() {
        newest = attempted ?? newest
        attempted = nil
    }

    /// Takes up what a database shows that was opened again.
    /// - Returns: false if it is not in the state in which it has to be.
    mutating func resume(from found: CommitMark) -> Bool {
        guard found.isSameCommit(as: newest) || attempted.map(found.isSameCommit) ?? false else {
            return false
        }
        newest = found
        attempted = nil
        return true
    }
}
