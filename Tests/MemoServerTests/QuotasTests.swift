import Testing

@testable import MemoServer

struct QuotasTests {
    @Test func connectionsAreBoundedTogether() {
        let quotas = Quotas(maxConnections: 2, limits: Limits(), limitsUsers: false)
        #expect(quotas.admit(user: 1, isAdministrator: false))
        #expect(quotas.admit(user: 1, isAdministrator: false))
        #expect(!quotas.admit(user: 0, isAdministrator: true))
        quotas.leave(user: 1)
        #expect(quotas.admit(user: 2, isAdministrator: false))
        #expect(quotas.figures.refusedTooMany == 1)
        #expect(quotas.figures.accepted == 3)
        #expect(quotas.figures.connections == 2)
    }

    @Test func withIsolationOneUserHasAShare() {
        let quotas = Quotas(maxConnections: 4, limits: Limits(), limitsUsers: true)
        #expect(quotas.admit(user: 1, isAdministrator: false))
        #expect(quotas.admit(user: 1, isAdministrator: false))
        #expect(!quotas.admit(user: 1, isAdministrator: false))
        #expect(quotas.admit(user: 2, isAdministrator: false))
        #expect(quotas.admit(user: 0, isAdministrator: true))
        #expect(!quotas.admit(user: 0, isAdministrator: true))
    }

    @Test func memoryIsBoundedTogetherAndByUser() {
        var limits = Limits()
        limits.heldInputBytes = 1000
        limits.heldOutputBytes = 100
        let quotas = Quotas(maxConnections: 9, limits: limits, limitsUsers: true)
        for user in [0, 1, 2] { #expect(quotas.admit(user: UInt32(user), isAdministrator: user == 0)) }
        let change = { (user: UInt32, input: Int, output: Int) in
            quotas.change(user: user, isAdministrator: user == 0, input: input, output: output)
        }
        #expect(change(1, 500, 50) == Quotas.Excess())
        #expect(change(1, 1, 0) == Quotas.Excess(input: true))
        #expect(change(1, -1, 1) == Quotas.Excess(output: true))
        #expect(change(1, 0, -1) == Quotas.Excess())
        // An administrator is bounded only by the whole.
        #expect(change(0, 500, 50) == Quotas.Excess())
        // What the others have not read is theirs.
        #expect(change(2, 1, 1) == Quotas.Excess(input: true))
        #expect(change(0, -500, -50) == Quotas.Excess())
        #expect(quotas.figures.heldInputBytes == 501)
    }

    @Test func whatOneUserHasNotReadCountsAgainstItOnly() {
        var limits = Limits()
        limits.heldOutputBytes = 1000
        for isolated in [false, true] {
            let quotas = Quotas(maxConnections: 9, limits: limits, limitsUsers: isolated)
            for user: UInt32 in 1...4 { #expect(quotas.admit(user: user, isAdministrator: false)) }
            func isOver(_ user: UInt32, _ output: Int) -> Bool {
                quotas.change(user: user, isAdministrator: false, input: 0, output: output).output
            }
            // Alone, a user may have all of it, or its share.
            #expect(isOver(1, 1000) == isolated)
            #expect(isOver(1, 1))
            #expect(quotas.isOutputOver(user: 1, isAdministrator: false))
            for user: UInt32 in 2...4 {
                #expect(!quotas.isOutputOver(user: user, isAdministrator: false))
                #expect(!isOver(user, 250))
            }
            #expect(isOver(2, 1))
            #expect(!isOver(3, 0))
            #expect(isOver(1, 0))
            #expect(!isOver(1, -1001))
            #expect(!isOver(2, 0))
        }
    }
}
