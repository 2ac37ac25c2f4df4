internal import Platform
internal import Synchronization

/// What connections may take together, and with isolation what those of one user may: their number, the memory
/// of unfinished lines, the memory of unsent output.
final class Quotas: Sendable {
    private struct Usage {
        var connections = 0
        var input = 0
        var output = 0
    }

    private struct State {
        var maxConnections: Int
        var total = Usage()
        /// Users who have connections.
        var users: [UInt32: Usage] = [:]
        var accepted = 0
        var refusedTooMany = 0
        var refusedForbidden = 0
        var stalled = 0
    }

    /// Connections since the start and now.
    struct Figures: Equatable {
        var connections: Int
        var accepted: Int
        var refusedTooMany: Int
        var refusedForbidden: Int
        /// Disconnected because they did not read.
        var stalled: Int
        var heldInputBytes: Int
        var heldOutputBytes: Int
    }

    struct Excess: Equatable {
        var input = false
        var output = false
    }

    private let limits: Limits
    private let limitsUsers: Bool
    private let state: Lock<State>
    /// Whether any bound of unsent output may have been reached: for those who ask often, without the lock.
    private let isOutputTight = Atomic(false)

    /// - Parameter limitsUsers: whether one user who is no administrator has only a share of the whole.
    init(maxConnections: Int, limits: Limits, limitsUsers: Bool) {
        self.limits = limits
        self.limitsUsers = limitsUsers
        state = Lock(State(maxConnections: maxConnections))
    }

    var maxConnections: Int {
        get { state.withLock { $0.maxConnections } }
        set { state.withLock { $0.maxConnections = newValue } }
    }

    /// How many connections a user has, and may have.
    func connections(of user: UInt32) -> (count: Int, limit: Int) {
        state.withLock {
            (
                $0.users[user]?.connections ?? 0,
                limitsUsers ? max(1, $0.maxConnections / limits.shareDivisor) : $0.maxConnections
            )
        }
    }

    var figures: Figures {
        state.withLock {
            Figures(
                connections: $0.total.connections, accepted: $0.accepted, refusedTooMany: $0.refusedTooMany,
                refusedForbidden: $0.refusedForbidden, stalled: $0.stalled,
                heldInputBytes: $0.total.input, heldOutputBytes: $0.total.output)
        }
    }

    /// Counts a new connection.
    /// - Returns: false if there are too many; the refusal is counted.
    func admit(user: UInt32, isAdministrator: Bool) -> Bool {
        state.withLock { state in
            let share = max(1, state.maxConnections / limits.shareDivisor)
            let has = state.users[user]?.connections ?? 0
            guard state.total.connections < state.maxConnections,
                !limitsUsers || isAdministrator || has < share
            else {
                state.refusedTooMany += 1
                return false
            }
            state.accepted += 1
            state.total.connections += 1
            state.users[user, default: Usage()].connections += 1
            return true
        }
    }

    /// A connection has ended; its memory was given back before.
    func leave(user: UInt32) {
        state.withLock { state in
            state.total.connections -= 1
            guard var usage = state.users[user] else { return }
            usage.connections -= 1
            state.users[user] = usage.connections == 0 ? nil : usage
        }
    }

    func countForbidden() { state.withLock { $0.refusedForbidden += 1 } }
    func countStalled() { state.withLock { $0.stalled += 1 } }

    /// Changes what a connection holds, in bytes.
    /// - Returns: which memory is beyond its bounds now.
    func change(user: UInt32, isAdministrator: Bool, input: Int, output: Int) -> Excess {
        state.withLock { state in
            state.total.input += input
            state.total.output += output
            state.users[user]?.input += input
            state.users[user]?.output += output
            let usage = state.users[user] ?? Usage()
            var excess = Excess(
                input: state.total.input > limits.heldInputBytes, output: isOver(usage, state))
            if limitsUsers, !isAdministrator {
                if usage.input > limits.heldInputBytes / limits.shareDivisor { excess.input = true }
                if usage.output > limits.heldOutputBytes / limits.shareDivisor { excess.output = true }
            }
            if output != 0 {
                let least = limits.heldOutputBytes / (limitsUsers ? limits.shareDivisor : 1)
                isOutputTight.store(state.total.output > least, ordering: .relaxed)
            }
            return excess
        }
    }

    /// Whether a user's unsent output is more than it may be. What others have not read counts against them only: where
    /// all of it is too much, those are over who have more than their part of it.
    private func isOver(_ usage: Usage, _ state: State) -> Bool {
        guard state.total.output > limits.heldOutputBytes else { return false }
        let users = state.users.values.count { $0.output > 0 }
        return usage.output > limits.heldOutputBytes / max(limits.shareDivisor, users)
            || usage.output == state.total.output
    }

    /// Whether there is more unsent output than there may be, of all or of a user.
    func isOutputOver(user: UInt32, isAdministrator: Bool) -> Bool {
        guard isOutputTight.load(ordering: .relaxed) else { return false }
        return change(user: user, isAdministrator: isAdministrator, input: 0, output: 0).output
    }
}
