internal import Synchronization

/// What the accepting loop needs beside itself.
struct Acceptor {
    /// The listening socket, which belongs to someone else.
    let descriptor: Int32
    var control: AccessControl
    let ports: [LoopPort]
    /// Until when accepting pauses, in milliseconds of `CLOCK_BOOTTIME`.
    var pausedUntil: Int64?
    /// When something was last logged: clients must not fill the log.
    private var lastLogged = Int64.min

    private static let logIntervalMs: Int64 = 1000

    init(descriptor: Int32, control: AccessControl, ports: [LoopPort]) {
        self.descriptor = descriptor
        self.control = control
        self.ports = ports
    }

    var leastLoaded: LoopPort? {
        ports.min {
            $0.connectionCount.load(ordering: .relaxed) < $1.connectionCount.load(ordering: .relaxed)
        }
    }

    /// Whether the log may have another line about clients.
    mutating func mayLog(_ now: Int64) -> Bool {
        if lastLogged != .min, now < lastLogged + Self.logIntervalMs { return false }
        lastLogged = now
        return true
    }
}
