internal import CSQLite

/// A copy of one database into another, page by page, through SQLite's online backup interface. Both
/// connections stay open, and the destination unused, until it is over.
package struct Backup: ~Copyable {
    private let handle: OpaquePointer
    private let destination: OpaquePointer

    package init(
        from source: borrowing Connection, to destination: borrowing Connection
    ) throws(SQLiteError) {
        guard let handle = sqlite3_backup_init(destination.handle, "main", source.handle, "main") else {
            throw SQLiteError(
                sqlite3_errcode(destination.handle), of: destination.handle, doing: "begin a backup")
        }
        self.handle = handle
        self.destination = destination.handle
    }

    deinit { sqlite3_backup_finish(handle) }

    /// Copies up to `pages` pages. Where the source holds a read transaction, all steps copy that snapshot.
    /// - Returns: whether the copy is complete.
    package func step(pages: Int) throws(SQLiteError) -> Bool {
        switch sqlite3_backup_step(handle, Int32(clamping: pages)) {
        case SQLITE_OK: false
        case SQLITE_DONE: true
        case let code: throw SQLiteError(code, of: destination, doing: "copy pages")
        }
    }
}
