import Platform
import Testing

@testable import MemoServer

struct AccessControlTests {
    private func control(_ rules: AccessRules) -> AccessControl {
        AccessControl(rules: rules, owner: 1000) { [100: [7, 8], 200: [9]][$0] ?? [] }
    }

    private func peer(_ user: UInt32, _ group: UInt32 = 50) -> PeerCredentials {
        PeerCredentials(process: 1, user: user, group: group)
    }

    @Test func rootAndTheOwnerAdminister() {
        var control = control(AccessRules())
        #expect(control.judge(peer(0), now: 0) == .allowed(isAdministrator: true))
        #expect(control.judge(peer(1000), now: 0) == .allowed(isAdministrator: true))
        #expect(control.judge(peer(100), now: 0) == .refused)
    }

    @Test func usersGroupsAndAdministrators() {
        var control = control(AccessRules(users: [300], groups: [9], administrators: 7))
        #expect(control.judge(peer(300), now: 0) == .allowed(isAdministrator: false))
        #expect(control.judge(peer(100), now: 0) == .allowed(isAdministrator: true))
        #expect(control.judge(peer(200), now: 0) == .allowed(isAdministrator: false))
        #expect(control.judge(peer(400), now: 0) == .refused)
        // The group the process has, whatever the database says.
        #expect(control.judge(peer(400, 9), now: 0) == .allowed(isAdministrator: false))
        #expect(control.judge(peer(400, 7), now: 0) == .allowed(isAdministrator: true))
        #expect(control.judge(peer(400), supplementary: [1, 9], now: 0) == .allowed(isAdministrator: false))
        #expect(control.judge(peer(400), supplementary: [1, 7], now: 0) == .allowed(isAdministrator: true))
        #expect(control.judge(peer(400), supplementary: [1, 2], now: 0) == .refused)
    }

    @Test func membershipIsLookedUpOnceAMinute() {
        nonisolated(unsafe) var lookups = 0
        var control = AccessControl(rules: AccessRules(groups: [9]), owner: 1000) { _ in
            lookups += 1
            return lookups > 1 ? [9] : []
        }
        #expect(control.judge(peer(5), now: 0) == .refused)
        #expect(control.judge(peer(5), now: 59_999) == .refused)
        #expect(lookups == 1)
        #expect(control.judge(peer(5), now: 60_000) == .allowed(isAdministrator: false))
        control.rules.groups = [10]
        #expect(control.judge(peer(5), now: 60_001) == .refused)
        #expect(lookups == 3)
    }

    @Test func theSystemsAccounts() {
        #expect(SystemAccounts.user("root") == 0)
        #expect(SystemAccounts.group("root") == 0)
        #expect(SystemAccounts.user("4294967295") == UInt32.max)
        #expect(SystemAccounts.user("4294967296") == nil)
        #expect(SystemAccounts.user("nobody at all") == nil)
        #expect(SystemAccounts.groups(of: 0).contains(0))
        #expect(SystemAccounts.home(of: 0) == "/root")
    }
}
