internal import CSQLite
internal import Glibc

/// Statements that fail rather than wait for the disk: what they read from files has to be in the kernel's page cache, and
/// they do not ask for a file's metadata, for which a file system may hang as well.
///
/// SQLite's own functions for the system are the place for that: it calls `pread` through a table, where it may be
/// replaced (`sqlite3_vfs.xSetSystemCall`), for all its connections in the process.
package enum CachedReads {
    /// Runs `body`, whose statements on this thread may read this many bytes, and those only from the page cache.
    /// Statements that would need more fail with an I/O error, which says nothing about the file.
    /// - Returns: `nil` if SQLite does not let its reads be replaced; `body` has not run then.
    package static func only<Result>(bytes: Int, _ body: () -> Result) -> Result? {
        guard isAvailable else { return nil }
        pthread_setspecific(budget, UnsafeRawPointer(bitPattern: bytes + 1))
        defer { pthread_setspecific(budget, nil) }
        return body()
    }

    private typealias Read =
        @convention(c) (Int32, UnsafeMutableRawPointer?, Int, Int) -> Int

    /// Each thread's bytes left, and one more; null where its reads may wait.
    private static let budget: pthread_key_t = {
        var key = pthread_key_t()
        return pthread_key_create(&key, nil) == 0 ? key : .max
    }()

    private typealias Status = @convention(c) (Int32, UnsafeMutableRawPointer?) -> Int32

    /// SQLite's own.
    nonisolated(unsafe) private static var original: Read?
    nonisolated(unsafe) private static var originalStatus: Status?

    /// To be asked for before the first connection reads.
    static let isAvailable: Bool = {
        guard budget != .max, let system = sqlite3_vfs_find(nil), system.pointee.iVersion >= 3 else {
            return false
        }
        if let call = system.pointee.xGetSystemCall(system, "fstat") {
            originalStatus = unsafeBitCast(call, to: Status.self)
            let new = unsafeBitCast(status, to: sqlite3_syscall_ptr.self)
            guard system.pointee.xSetSystemCall(system, "fstat", new) == SQLITE_OK else { return false }
        }
        // It was built with one of the two.
        for name in ["pread64", "pread"] {
            guard let call = system.pointee.xGetSystemCall(system, name) else { continue }
            original = unsafeBitCast(call, to: Read.self)
            let new = unsafeBitCast(read, to: sqlite3_syscall_ptr.self)
            return system.pointee.xSetSystemCall(system, name, new) == SQLITE_OK
        }
        return false
    }()

    private static let status: Status = { descriptor, status in
        guard pthread_getspecific(budget) != nil else {
            return originalStatus.unsafelyUnwrapped(descriptor, status)
        }
        errno = EAGAIN
        return -1
    }

    private static let read: Read = { descriptor, buffer, size, offset in
        let left = Int(bitPattern: pthread_getspecific(budget)) - 1
        guard left >= 0 else {
            let count = original.unsafelyUnwrapped(descriptor, buffer, size, offset)
            if count < 0, errno != EINTR { ReadErrors.note(errno) }
            return count
        }
        guard size <= left else {
            errno = EAGAIN
            return -1
        }
        pthread_setspecific(budget, UnsafeRawPointer(bitPattern: left - size + 1))
        return memod_read_cached(descriptor, buffer, size, offset)
    }
}
