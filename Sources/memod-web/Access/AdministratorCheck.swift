internal import Glibc
internal import MemoClient

/// Without a token every local user reads what this user may read: for those who may read everyone's that is refused.
enum AdministratorCheck {
    static func refuseAdministrators(_ daemon: DaemonFigures) async throws {
        guard geteuid() != 0, getuid() != 0 else {
            throw WebError(message: "--no-token is not for root, who sees what is every user's", status: 64)
        }
        // Only administrators are told of settings.
        let stats: Reply
        do {
            stats = try await daemon.stats()
        } catch {
            throw WebError(
                message:
                    "--no-token is not for members of the daemon's admin group, and whether this user is one "
                    + "cannot be asked: \(error.message)")
        }
        if let group = stats.object("settings")?.object("admin-group")?.string("value"), isMember(group) {
            throw WebError(
                message:
                    "--no-token is not for members of the daemon's admin group, who see what is every user's",
                status: 64)
        }
        Diagnostics.say("without a token, every user of this machine may read what this one may")
    }

    private static func isMember(_ group: String) -> Bool {
        let number: gid_t
        if let entry = getgrnam(group) {
            number = entry.pointee.gr_gid
        } else if let parsed = gid_t(group) {
            number = parsed
        } else {
            return false
        }
        let count = getgroups(0, nil)
        var groups = [gid_t](repeating: 0, count: Int(max(0, count)))
        let filled = getgroups(count, &groups)
        return getegid() == number || getgid() == number
            || groups.prefix(Int(max(0, filled))).contains(number)
    }
}
