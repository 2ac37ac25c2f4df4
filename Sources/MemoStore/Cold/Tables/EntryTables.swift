internal import SQLite

/// The tables `entry` and `content`, written row by row under the numbers that the store gives out.
final class EntryTables {
    /// Inserts this many rows at once.
    private final class Run {
        let count: Int
        let entries: Statement
        let contents: Statement

        init(_ connection: borrowing Connection, count: Int) throws(SQLiteError) {
            self.count = count
            // What is left of a damaged row under the same number is in no one's way.
            entries = try Statement(
                connection,
                "INSERT OR REPLACE INTO entry (id, head) VALUES " + Self.list("(?, ?)", count))
            contents = try Statement(
                connection,
                "INSERT OR REPLACE INTO content (id, meta, shared, key, value) VALUES "
                    + Self.list("(?, ?, ?, ?, ?)", count))
        }

        private static func list(_ row: String, _ count: Int) -> String {
            Array(repeating: row, count: count).joined(separator: ",")
        }
    }

    private let long: Run
    private let short: Run
    private let single: Run
    private let deleteEntry: Statement
    private let deleteContent: Statement
    private let selectShared: Statement
    private let selectValue: Statement
    private let selectHead: Statement
    private let selectHeads: Statement
    /// Rows that are inserted together: by one statement they take two thirds of the time.
    private static let longRun = 32
    private static let shortRun = 8
    // One thread touches these: overlapping accesses are not looked for at run time, which was done for each row.
    /// Inserted, but not yet given to SQLite.
    @exclusivity(unchecked) private var pending = ContiguousArray<Pending>()
    @exclusivity(unchecked) private var records = ByteArena(capacity: 8192)
    private let salt: UInt64

    init(_ connection: borrowing Connection, salt: UInt64) throws(SQLiteError) {
        self.salt = salt
        long = try Run(connection, count: Self.longRun)
        short = try Run(connection, count: Self.shortRun)
        single = try Run(connection, count: 1)
        deleteEntry = try Statement(connection, "DELETE FROM entry WHERE id = ?")
        deleteContent = try Statement(connection, "DELETE FROM content WHERE id = ?")
        selectShared = try Statement(connection, "SELECT shared FROM content WHERE id = ?")
        selectValue = try Statement(connection, "SELECT value FROM content WHERE id = ?")
        selectHead = try Statement(connection, "SELECT head FROM entry WHERE id = ?")
        selectHeads = try Statement(connection, "SELECT id, head FROM entry ORDER BY id")
    }

    private struct Pending {
        var row: Int64
        var head: Range<Int>
        var meta: Range<Int>
        var payload: Payload
        var shared: Int64
    }

    /// Inserts a row, at the latest when `flush` is called.
    /// - Parameters:
    ///   - payload: held by the caller until then.
    ///   - shared: the row of `shared_value` with this value, or 0 to store it here.
    func insert(
        row: Int64, function: FunctionID, hash: UInt64, payload: Payload, shared: Int64
    ) throws(SQLiteError) {
        let tags = payload.tags.count
        let head = records.append(EntryRecord.size(tags: tags)) {
            EntryRecord.encode(
                row: row, function: function, hash: hash, shared: shared, payload: payload, into: $0)
        }
        let meta = records.append(ContentRecord.size(tags: tags)) {
            let body = Checksum.of(key: payload.key, value: payload.value, row: row, salt: salt)
            ContentRecord.encode(row: row, shared: shared, body: body, payload: payload, into: $0)
        }
        pending.append(Pending(row: row, head: head, meta: meta, payload: payload, shared: shared))
        if pending.count == Self.longRun { try flush() }
    }

    /// Gives SQLite the rows inserted so far.
    func flush() throws(SQLiteError) {
        var first = 0
        while first < pending.count {
            switch pending.count - first {
            case Self.longRun...: try insert(long, from: &first)
            case Self.shortRun...: try insert(short, from: &first)
            default: try insert(single, from: &first)
            }
        }
        forgetPending()
    }

    private func insert(_ run: Run, from first: inout Int) throws(SQLiteError) {
        for index in 0..<run.count {
            try bind(pending[first + index], run.entries, run.contents, at: Int32(index))
        }
        try run.entries.run()
        try run.contents.run()
        first += run.count
    }

    /// The transaction is rolled back.
    func forgetPending() {
        pending.removeAll(keepingCapacity: true)
        records.removeAll()
    }

    private func bind(
        _ row: Pending, _ entry: borrowing Statement, _ content: borrowing Statement, at index: Int32
    ) throws(SQLiteError) {
        try entry.bind(2 * index + 1, row.row)
        try entry.bind(2 * index + 2, bytes: records[row.head])
        let first = 5 * index
        try content.bind(first + 1, row.row)
        try content.bind(first + 2, bytes: records[row.meta])
        try content.bind(first + 4, bytes: row.payload.key)
        if row.shared == 0 {
            try content.bindNull(first + 3)
            try content.bind(first + 5, bytes: row.payload.value)
        } else {
            try content.bind(first + 3, row.shared)
            try content.bindNull(first + 5)
        }
    }

    func delete(row: Int64) throws(SQLiteError) {
        try flush()
        try deleteEntry.bind(1, row)
        try deleteEntry.run()
        try deleteContent.bind(1, row)
        try deleteContent.run()
    }

    /// The row of `shared_value` that an entry has its value in, and the value's size; `nil` if the value is
    /// the entry's own.
    func shared(row: Int64) throws(SQLiteError) -> (shared: Int64, bytes: Int)? {
        try flush()
        try selectHead.bind(1, row)
        if try selectHead.step() {
            defer { selectHead.reset() }
            let record = selectHead.bytes(0)
            if EntryRecord.isSound(record, row: row) {
                let shared = EntryRecord.shared(record)
                return shared == 0 ? nil : (shared, EntryRecord.decode(record, row: row).valueBytes)
            }
        }
        try selectShared.bind(1, row)
        guard try selectShared.step() else { return nil }
        defer { selectShared.reset() }
        return selectShared.isNull(0) ? nil : (selectShared.integer(0), 0)
    }

    /// Whether the entry has exactly this value, and has it in its own row.
    func hasValue(_ value: UnsafeRawBufferPointer, row: Int64) throws(SQLiteError) -> Bool {
        try flush()
        try selectValue.bind(1, row)
        guard try selectValue.step() else { return false }
        defer { selectValue.reset() }
        return !selectValue.isNull(0) && selectValue.bytes(0).isEqual(to: value)
    }

    /// Every head, in the order of the rows; unsound ones as `nil`.
    func forEachHead(_ body: (Int64, UnsafeRawBufferPointer?) -> Void) throws(SQLiteError) {
        while try selectHeads.step() {
            let row = selectHeads.integer(0)
            let record = selectHeads.bytes(1)
            body(row, EntryRecord.isSound(record, row: row) ? record : nil)
        }
    }
}
