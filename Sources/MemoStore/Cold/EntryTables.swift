internal import SQLite

/// The tables `entry` and `content`, written row by row under the numbers that the store gives out.
final class EntryTables {
    private let insertEntry: Statement
    private let insertContent: Statement
    private let deleteEntry: Statement
    private let deleteContent: Statement
    private let selectShared: Statement
    private let selectValue: Statement
    private let selectHead: Statement
    private let selectHeads: Statement
    /// Where records are put together; both are bound to a statement in turn.
    private var head = UnsafeMutableRawBufferPointer.allocate(byteCount: 128, alignment: 8)
    private var meta = UnsafeMutableRawBufferPointer.allocate(byteCount: 128, alignment: 8)

    init(_ connection: borrowing Connection) throws(SQLiteError) {
        // What is left of a damaged row under the same number is in nobody's way.
        insertEntry = try Statement(connection, "INSERT OR REPLACE INTO entry (id, head) VALUES (?, ?)")
        insertContent = try Statement(
            connection,
            "INSERT OR REPLACE INTO content (id, meta, shared, key, value) VALUES (?, ?, ?, ?, ?)")
        deleteEntry = try Statement(connection, "DELETE FROM entry WHERE id = ?")
        deleteContent = try Statement(connection, "DELETE FROM content WHERE id = ?")
        selectShared = try Statement(connection, "SELECT shared FROM content WHERE id = ?")
        selectValue = try Statement(connection, "SELECT value FROM content WHERE id = ?")
        selectHead = try Statement(connection, "SELECT head FROM entry WHERE id = ?")
        selectHeads = try Statement(connection, "SELECT id, head FROM entry ORDER BY id")
    }

    deinit {
        head.deallocate()
        meta.deallocate()
    }

    /// - Parameter shared: the row of `shared_value` with this value, or 0 to store it here.
    func insert(
        row: Int64, function: UInt32, hash: UInt64, payload: Payload, shared: Int64
    ) throws(SQLiteError) {
        let tags = payload.tags.count
        let headBytes = EntryRecord.size(tags: tags)
        let metaBytes = ContentRecord.size(tags: tags)
        Self.reserve(headBytes, &head)
        Self.reserve(metaBytes, &meta)
        let head = UnsafeMutableRawBufferPointer(rebasing: head[..<headBytes])
        let meta = UnsafeMutableRawBufferPointer(rebasing: meta[..<metaBytes])
        EntryRecord.encode(
            row: row, function: function, hash: hash, shared: shared, payload: payload, into: head)
        ContentRecord.encode(
            row: row, shared: shared,
            body: Checksum.of(key: payload.key, value: payload.value, row: row), payload: payload, into: meta)

        try insertEntry.bind(1, row)
        try insertEntry.bind(2, bytes: UnsafeRawBufferPointer(head))
        try insertEntry.run()
        try insertContent.bind(1, row)
        try insertContent.bind(2, bytes: UnsafeRawBufferPointer(meta))
        try insertContent.bind(4, bytes: payload.key)
        if shared == 0 {
            try insertContent.bindNull(3)
            try insertContent.bind(5, bytes: payload.value)
        } else {
            try insertContent.bind(3, shared)
            try insertContent.bindNull(5)
        }
        try insertContent.run()
    }

    func delete(row: Int64) throws(SQLiteError) {
        try deleteEntry.bind(1, row)
        try deleteEntry.run()
        try deleteContent.bind(1, row)
        try deleteContent.run()
    }

    /// The row of `shared_value` that an entry has its value in, and the value's size; `nil` where the value is
    /// the entry's own.
    func shared(row: Int64) throws(SQLiteError) -> (shared: Int64, bytes: Int)? {
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

    private static func reserve(_ count: Int, _ buffer: inout UnsafeMutableRawBufferPointer) {
        guard buffer.count < count else { return }
        buffer.deallocate()
        buffer = .allocate(byteCount: 2 * count, alignment: 8)
    }
}
