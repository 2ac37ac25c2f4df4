/// Who may connect beside root and the daemon's own user, and who may administer beside them.
package struct AccessRules: Equatable, Sendable {
    /// Users who may connect.
    package var users: [UInt32]
    /// Groups whose members may connect.
    package var groups: [UInt32]
    /// The group whose members may connect and administer.
    package var administrators: UInt32?

    package init(users: [UInt32] = [], groups: [UInt32] = [], administrators: UInt32? = nil) {
        self.users = users
        self.groups = groups
        self.administrators = administrators
    }

    /// The group that the socket is given to, so that its permission bits can let members in.
    var socketGroup: UInt32? { groups.first ?? administrators }

    /// The narrowest permission bits with which everyone whom the rules name reaches the socket: whoever else
    /// reaches it is turned away by credentials.
    var defaultSocketMode: UInt32 {
        let named = Set(groups + (administrators.map { [$0] } ?? []))
        if !users.isEmpty || named.count > 1 { return 0o666 }
        return named.isEmpty ? 0o600 : 0o660
    }
}
