internal import Glibc
internal import SQLite

/// What went wrong with the cold tier, as far as it matters to what is done about it.
package enum ColdFailure: Sendable, Equatable {
    /// No space left: nothing was written, and what was committed before is sound.
    case full
    /// A read, write or sync failed: the database is to be reopened before anything else is written.
    case io
    /// The file is damaged: it is to be moved aside.
    case corrupt
    /// The file or its file system cannot be written.
    case readOnly
    /// The path is not one that a database may be opened at; the message says why.
    case refused
    /// It is on a network file system, where neither locks nor shared memory can be relied on.
    case network
    /// Another process holds the database.
    case locked(pid: Int32?)
    /// The database was made by a newer memod, or by one whose migrations differ.
    case newer
    case cancelled
    case other
}

/// An error of the cold tier, with a message for the operator.
package struct ColdError: Error, Sendable, CustomStringConvertible {
    package let failure: ColdFailure
    package let message: String

    package init(_ failure: ColdFailure, _ message: String) {
        self.failure = failure
        self.message = message
    }

    init(_ error: SQLiteError) {
        self.init(Self.failure(of: error), error.description)
    }

    /// For the end of a block that throws both kinds.
    init(any error: any Error) {
        switch error {
        case let error as ColdError: self = error
        case let error as SQLiteError: self.init(error)
        default: self.init(.other, "\(error)")
        }
    }

    /// - Parameter doing: the call and the path, for the message.
    init(errno code: Int32, doing: String) {
        let failure: ColdFailure =
            switch code {
            case ENOSPC, EDQUOT: .full
            case EIO, EMFILE, ENFILE, ENOMEM, ENXIO, ERANGE: .io
            case EROFS: .readOnly
            case EACCES, EPERM, ELOOP, ENOTDIR, ENAMETOOLONG: .refused
            default: .other
            }
        self.init(failure, "\(doing): \(String(cString: strerror(code)))")
    }

    private static func failure(of error: SQLiteError) -> ColdFailure {
        switch error.kind {
        case .full: .full
        // A quota or a file size limit is a full disk to us; SQLite knows it as a failed write.
        case .io where [ENOSPC, EDQUOT, EFBIG].contains(error.systemError): .full
        case .io: .io
        case .corrupt: .corrupt
        case .readOnly: .readOnly
        case .interrupted: .cancelled
        case .cannotOpen where error.systemError == EROFS: .readOnly
        // What the disk or the process lacks now: it says nothing about the file.
        case .cannotOpen where [EIO, EMFILE, ENFILE, ENOMEM, EINTR].contains(error.systemError): .io
        case .cannotOpen, .busy, .constraint, .other: .other
        }
    }

    package var description: String { message }
}
