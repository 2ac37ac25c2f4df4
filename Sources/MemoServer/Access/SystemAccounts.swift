internal import Glibc

/// The system's users and groups, by name or number.
enum SystemAccounts {
    /// - Parameter text: a name, or a number in decimal digits, which need not belong to anyone.
    static func user(_ text: String) -> UInt32? {
        if let number = Int(digits: text[...]) { return UInt32(exactly: number) }
        var entry = passwd()
        return search { buffer, size in
            var found: UnsafeMutablePointer<passwd>?
            let result = getpwnam_r(text, &entry, buffer, size, &found)
            return (result, found?.pointee.pw_uid)
        }
    }

    /// - Parameter text: a name, or a number in decimal digits, which need not belong to any group.
    static func group(_ text: String) -> UInt32? {
        if let number = Int(digits: text[...]) { return UInt32(exactly: number) }
        var entry = Glibc.group()
        return search { buffer, size in
            var found: UnsafeMutablePointer<Glibc.group>?
            let result = getgrnam_r(text, &entry, buffer, size, &found)
            return (result, found?.pointee.gr_gid)
        }
    }

    static func home(of user: uid_t) -> String? {
        var entry = passwd()
        return search { buffer, size in
            var found: UnsafeMutablePointer<passwd>?
            let result = getpwuid_r(user, &entry, buffer, size, &found)
            return (result, found.flatMap { $0.pointee.pw_dir.map { String(cString: $0) } })
        }
    }

    /// The groups of a user as the group database has them, the primary one included.
    static func groups(of user: uid_t) -> [gid_t] {
        var entry = passwd()
        let account = search { buffer, size -> (Int32, (name: String, group: gid_t)?) in
            var found: UnsafeMutablePointer<passwd>?
            let result = getpwuid_r(user, &entry, buffer, size, &found)
            return (result, found.map { (String(cString: $0.pointee.pw_name), $0.pointee.pw_gid) })
        }
        guard let account else { return [] }
        var count: Int32 = 64
        while count <= 65536 {  // NGROUPS_MAX
            var groups = [gid_t](repeating: 0, count: Int(count))
            if getgrouplist(account.name, account.group, &groups, &count) >= 0 {
                return Array(groups[..<Int(count)])
            }
        }
        return []
    }

    /// Calls a reentrant look-up with growing buffers until its entry fits.
    private static func search<T>(_ look: (UnsafeMutablePointer<CChar>, Int) -> (Int32, T?)) -> T? {
        var size = 1024
        while size <= 1 << 20 {
            let (result, found) = withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) {
                look($0.baseAddress!, size)
            }
            if result != ERANGE { return found }
            size *= 4
        }
        return nil
    }
}
