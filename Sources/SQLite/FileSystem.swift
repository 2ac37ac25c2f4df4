internal import CSQLite

/// What a database's file system is, as far as SQLite can be used on it.
package enum FileSystem {
    /// The magic number of the file system that a path is on, as statfs(2) lists them; `nil` with `errno` set
    /// if it cannot be told.
    package static func magic(_ path: String) -> UInt32? {
        let magic = memod_file_system_magic(path)
        return magic < 0 ? nil : UInt32(truncatingIfNeeded: magic)
    }
}
