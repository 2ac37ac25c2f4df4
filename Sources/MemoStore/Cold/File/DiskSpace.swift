internal import Glibc

/// What a commit takes of the disk, and what there is.
///
/// A page is written twice, to the log and later to the database; a log that is committed and for which the
/// database cannot grow would be in the way of everything, deletions included. So a commit that inserts is let
/// through only if there is room for both.
enum DiskSpace {
    /// A frame of the log: a page and its header.
    static let frameBytes = Int64(ColdOptions.pageBytes + 24)
    /// With less than this the log and the ballast are kept small.
    static let plentyBytes: Int64 = 256 << 20

    /// Bytes that this process may still write to the file system; `nil` if it cannot be told.
    static func available(below directory: String) -> Int64? {
        var status = statvfs()
        guard statvfs(directory, &status) == 0 else { return nil }
        return Int64(
            clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
                .partialValue)
    }

    /// An upper estimate of the pages that these changes add to the database, in bytes; 0 where they add none.
    /// - Parameter cancelled: rows that are not written after all.
    static func growth(of writes: ContiguousArray<StoreChange>, cancelled: Set<Int64>) -> Int64 {
        var bytes = 0
        for write in writes {
            if case .insert(let row, _, _, let payload) = write, !cancelled.contains(row) {
                bytes += payload.key.count + payload.value.count + rowOverhead
            }
        }
        // A quarter more, for what stays free in the pages; some pages for the trees above them.
        return bytes == 0 ? 0 : Int64(bytes + bytes / 4 + 16 * ColdOptions.pageBytes)
    }

    /// Both rows of an entry beside key and value, tags included.
    private static let rowOverhead = 256
}
