internal import CSQLite
internal import Glibc

/// What SQLite answered when it could not do what it was asked to.
package struct SQLiteError: Error, Equatable, CustomStringConvertible {
    /// The extended result code, such as `SQLITE_IOERR_FSYNC`.
    package let extendedCode: Int32
    package let message: String
    /// What was being done: the SQL text, or a name such as `open`.
    package let doing: String
    /// `errno` of the system call that failed, or 0 if there was none.
    package let systemError: Int32
    /// A read failed: whatever SQLite says of the file, it was not read.
    package let isUnread: Bool

    /// The kinds that a caller treats differently.
    package enum Kind: Sendable {
        case full, io, corrupt, readOnly, cannotOpen, busy, interrupted, constraint, other
    }

    package init(
        extendedCode: Int32, message: String, doing: String, systemError: Int32 = 0, isUnread: Bool = false
    ) {
        self.extendedCode = extendedCode
        self.isUnread = isUnread
        self.message = message
        self.doing = doing
        self.systemError = systemError
    }

    /// - Parameter database: the connection that failed, or `nil` if it could not even be allocated.
    init(_ code: Int32, of database: OpaquePointer?, doing: String) {
        // Some calls report a code without leaving a message of their own.
        let told = database.map { sqlite3_extended_errcode($0) == code } ?? false
        let isDamage = [SQLITE_CORRUPT, SQLITE_NOTADB].contains(code & 0xff)
        let readError = ReadErrors.take()
        let isUnread = isDamage && readError != 0
        self.init(
            extendedCode: code,
            message: String(cString: told ? sqlite3_errmsg(database) : sqlite3_errstr(code)),
            doing: doing,
            systemError: isUnread ? readError : database.map { sqlite3_system_errno($0) } ?? 0,
            isUnread: isUnread)
    }

    /// The result code without its extension, such as `SQLITE_IOERR`.
    package var code: Int32 { extendedCode & 0xff }

    package var kind: Kind {
        switch code {
        case SQLITE_CORRUPT where isUnread, SQLITE_NOTADB where isUnread: .io
        case SQLITE_FULL: .full
        case SQLITE_IOERR: .io
        case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
        case SQLITE_READONLY: .readOnly
        case SQLITE_CANTOPEN: .cannotOpen
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_INTERRUPT: .interrupted
        case SQLITE_CONSTRAINT: .constraint
        default: .other
        }
    }

    package var description: String {
        let cause = systemError == 0 ? "" : ", \(String(cString: strerror(systemError)))"
        if isUnread { return "\(doing): the disk could not be read\(cause) (SQLite code \(extendedCode))" }
        return "\(doing): \(message) (SQLite code \(extendedCode)\(cause))"
    }
}

extension SQLiteError {
    /// Damage that one of SQLite's checks reports as its result: also where a page could not be read.
    package init(damage: String) {
        let readError = ReadErrors.take()
        self.init(
            extendedCode: SQLITE_CORRUPT, message: damage, doing: "check", systemError: readError,
            isUnread: readError != 0)
    }
}
