internal import Synchronization

/// What the accepting loop needs beside itself.
struct Acceptor {
    /// The listening socket, which belongs to someone else.
    let descriptor: Int32
    /// Whether others may listen on it too, now or later.
    let isInherited: Bool
    var control: AccessControl
    let ports: [LoopPort]
    /// Until when accepting pauses, in milliseconds of `CLOCK_BOOTTIME`.
    var pausedUntil: Int64?
    /// When something was last logged: clients must not fill the log.
    private var lastLogged = Int64.min

    /// Refused connections, and until when they stay open, the earliest first.
    private(set) var refused: [(descriptor: Int32, until: Int64)] = []

    private static let logIntervalMs: Int64 = 1000

    init(descriptor: Int32, isInherited: Bool, control: AccessControl, ports: [LoopPort]) {
        self.descriptor = descriptor
        self.isInherited = isInherited
        self.control = control
        self.ports = ports
    }

    var leastLoaded: LoopPort? {
        ports.min {
            $0.connectionCount.load(ordering: .relaxed) < $1.connectionCount.load(ordering: .relaxed)
        }
    }

    /// Keeps a refused connection open for a while: closed at once, the peer could not even send the request that
    /// it wants to see refused.
    mutating func linger(_ descriptor: Int32, until: Int64, limit: Int) {
        if refused.count >= limit { EventLoop.closeSocket(refused.removeFirst().descriptor) }
        refused.append((descriptor, until))
    }

    /// Closes the refused connections whose time is `now` or earlier.
    mutating func endRefusals(_ now: Int64) {
        while let first = refused.first, first.until <= now {
            EventLoop.closeSocket(refused.removeFirst().descriptor)
        }
    }

    /// Whether the log may have another line about clients.
    mutating func mayLog(_ now: Int64) -> Bool {
        if lastLogged != .min, now < lastLogged + Self.logIntervalMs { return false }
        lastLogged = now
        return true
    }
}
