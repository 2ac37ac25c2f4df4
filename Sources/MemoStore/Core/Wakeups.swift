/// What the threads and the connections are to be told once the lock is released.
struct Wakeups: ~Copyable {
    /// Connections whose wait for something other than a lease is over.
    private var wakes: [ConnectionID] = []
    /// Whether the maintenance thread has work that does not wait for its next turn.
    private var needsMaintenance = false
    /// When its next turn is, in store time.
    private(set) var maintenanceDue: Int64 = 0

    mutating func wake(_ connection: ConnectionID) { wakes.append(connection) }

    mutating func wake(_ connections: [ConnectionID]) { wakes += connections }

    /// The maintenance thread has work now.
    @inline(__always)
    mutating func callMaintenance() { needsMaintenance = true }

    /// It has work at this time.
    @inline(__always)
    mutating func callMaintenance(by time: Int64) {
        guard time < maintenanceDue else { return }
        maintenanceDue = time
        needsMaintenance = true
    }

    /// The maintenance thread looks for work, and does what it was called for until now.
    mutating func maintenanceBegins() { needsMaintenance = false }

    mutating func maintenancePauses(until time: Int64) { maintenanceDue = time }

    @inline(__always)
    mutating func takeMaintenance() -> Bool { exchange(&needsMaintenance, with: false) }

    @inline(__always)
    mutating func takeWakes() -> [ConnectionID] { wakes.isEmpty ? [] : exchange(&wakes, with: []) }
}
