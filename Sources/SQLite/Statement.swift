internal import CSQLite

/// A prepared statement. Parameters count from 1 and columns from 0, as in SQLite.
package struct Statement: ~Copyable {
    private let handle: OpaquePointer

    /// - Parameter sql: one statement.
    package init(_ connection: borrowing Connection, _ sql: String) throws(SQLiteError) {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(
            connection.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else {
            throw SQLiteError(code == SQLITE_OK ? SQLITE_MISUSE : code, of: connection.handle, doing: sql)
        }
        self.handle = handle
    }

    deinit { sqlite3_finalize(handle) }

    private func check(_ code: Int32) throws(SQLiteError) {
        guard code == SQLITE_OK else { throw failure(code) }
    }

    private func failure(_ code: Int32) -> SQLiteError {
        SQLiteError(
            code, of: sqlite3_db_handle(handle), doing: sqlite3_sql(handle).map { String(cString: $0) } ?? "")
    }

    package func bind(_ parameter: Int32, _ value: Int64) throws(SQLiteError) {
        try check(sqlite3_bind_int64(handle, parameter, value))
    }

    package func bind(_ parameter: Int32, _ value: Int64?) throws(SQLiteError) {
        if let value { try bind(parameter, value) } else { try bindNull(parameter) }
    }

    package func bindNull(_ parameter: Int32) throws(SQLiteError) {
        try check(sqlite3_bind_null(handle, parameter))
    }

    /// Binds a blob without copying it: the bytes stay alive and unchanged until the parameter is bound anew
    /// or the statement has run for the last time.
    package func bind(_ parameter: Int32, bytes: UnsafeRawBufferPointer) throws(SQLiteError) {
        // A null pointer would bind NULL, which is not the empty blob.
        guard let base = bytes.baseAddress, !bytes.isEmpty else {
            return try check(sqlite3_bind_zeroblob(handle, parameter, 0))
        }
        // No destructor is SQLITE_STATIC: SQLite neither copies nor frees.
        try check(sqlite3_bind_blob64(handle, parameter, base, UInt64(bytes.count), nil))
    }

    /// Binds a blob of which SQLite keeps a copy.
    package func bind(_ parameter: Int32, copying bytes: [UInt8]) throws(SQLiteError) {
        guard !bytes.isEmpty else { return try check(sqlite3_bind_zeroblob(handle, parameter, 0)) }
        try check(
            sqlite3_bind_blob64(handle, parameter, bytes, UInt64(bytes.count), Self.transient))
    }

    /// Binds text of which SQLite keeps a copy.
    package func bind(_ parameter: Int32, _ text: String) throws(SQLiteError) {
        var text = text
        let code = text.withUTF8 {
            sqlite3_bind_text64(
                handle, parameter, $0.baseAddress, UInt64($0.count), Self.transient, UInt8(SQLITE_UTF8))
        }
        try check(code)
    }

    /// SQLITE_TRANSIENT, which the importer cannot translate: the address −1 in a destructor's place.
    private static var transient: sqlite3_destructor_type {
        unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    }

    /// Runs to the next row.
    /// - Returns: whether there is one; if not, the statement is reset.
    package func step() throws(SQLiteError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE:
            sqlite3_reset(handle)
            return false
        case let code:
            let error = failure(code)
            sqlite3_reset(handle)
            throw error
        }
    }

    /// Runs to the end and leaves rows unread.
    package func run() throws(SQLiteError) {
        if try step() { reset() }
    }

    /// Ends the run, and with it the read transaction where it was the last one; views into columns end too.
    package func reset() { sqlite3_reset(handle) }

    package func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    package func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    /// `nil` if the column is null.
    package func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    /// A view of a blob or text, valid until the next `step` or `reset`.
    package func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        // The pointer first: it may convert the value, and so change its size.
        let start = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
    }
}
