internal import Glibc
internal import Platform

/// Decides who may connect and who may administer. Used by the thread that accepts.
struct AccessControl {
    enum Verdict: Equatable {
        case refused
        case allowed(isAdministrator: Bool)
    }

    var rules: AccessRules {
        didSet { memberships.removeAll() }
    }
    let owner: UInt32
    private let groupsOf: (UInt32) -> [UInt32]
    private var memberships: [UInt32: (groups: [UInt32], until: Int64)] = [:]

    /// How long the group database's answer is remembered, and of how many users.
    private static let memoryMs: Int64 = 60_000
    private static let memorySize = 1024

    /// - Parameters:
    ///   - owner: the daemon's own user.
    ///   - groupsOf: the groups of a user according to the group database.
    init(
        rules: AccessRules, owner: UInt32 = geteuid(),
        groupsOf: @escaping (UInt32) -> [UInt32] = SystemAccounts.groups
    ) {
        self.rules = rules
        self.owner = owner
        self.groupsOf = groupsOf
    }

    /// - Parameters:
    ///   - supplementary: the groups that the process has beside its first one, which may be others than its user's.
    ///   - now: milliseconds of `CLOCK_BOOTTIME`.
    mutating func judge(
        _ peer: PeerCredentials, supplementary: @autoclosure () -> [UInt32] = [], now: Int64
    ) -> Verdict {
        if peer.user == 0 || peer.user == owner { return .allowed(isAdministrator: true) }
        if rules.administrators == nil && rules.groups.isEmpty {
            return rules.users.contains(peer.user) ? .allowed(isAdministrator: false) : .refused
        }
        let groups = memberships(of: peer.user, now) + [peer.group] + supplementary()
        if let administrators = rules.administrators, groups.contains(administrators) {
            return .allowed(isAdministrator: true)
        }
        if rules.users.contains(peer.user) || rules.groups.contains(where: groups.contains) {
            return .allowed(isAdministrator: false)
        }
        return .refused
    }

    private mutating func memberships(of user: UInt32, _ now: Int64) -> [UInt32] {
        if let known = memberships[user], now < known.until { return known.groups }
        let groups = groupsOf(user)
        if memberships.count >= Self.memorySize { memberships.removeAll() }
        memberships[user] = (groups, now + Self.memoryMs)
        return groups
    }
}
