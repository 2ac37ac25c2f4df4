internal import Glibc

/// Errors of the disk that a thread's reads met. SQLite reports some of them (EIO, ENXIO, ERANGE) with the code of damage,
/// though it has seen no byte of the file.
package enum ReadErrors {
    /// The last one of each thread; null if there was none.
    private static let last: pthread_key_t = {
        var key = pthread_key_t()
        return pthread_key_create(&key, nil) == 0 ? key : .max
    }()

    static func note(_ code: Int32) {
        pthread_setspecific(last, UnsafeRawPointer(bitPattern: Int(code)))
    }

    /// The `errno` of this thread's last read that failed since this was asked, or 0.
    package static func take() -> Int32 {
        guard let code = pthread_getspecific(last) else { return 0 }
        pthread_setspecific(last, nil)
        return Int32(truncatingIfNeeded: Int(bitPattern: code))
    }
}
