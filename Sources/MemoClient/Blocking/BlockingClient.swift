internal import Glibc

/// A client for scripts and command lines: one connection, one request at a time, each with a deadline.
///
/// It connects when it is first used, and again after the connection was lost. It is not for several threads.
public final class BlockingClient {
    /// Where it looks for the daemon.
    public let locations: [SocketLocation]
    /// How long a request may take, connecting included.
    public var timeout: Duration
    /// Whether it starts a daemon if none answers and no socket is named.
    private let autostart: Bool
    /// The name by which the daemon knows this client's connections in its events.
    public let name: String?
    /// Where the daemon has not begun to answer a request for that long, the function is told how long it may still
    /// take.
    public var slowReply: (after: Duration, tell: (_ left: Duration) -> Void)?
    private var connection: SocketConnection?
    /// Hits that it reads by itself.
    private(set) lazy var published = PublishedHits(locations, timeout: timeout)
    /// What the daemon at the other end has beyond the first version of the protocol, once it was asked.
    private var features: [String]?
    /// Events that came while a reply was waited for.
    private var pendingEvents: [Event] = []
    private var hasSubscribed = false
    private static let maximumPendingEvents = 10_000

    /// - Parameters:
    ///   - path: the socket; `nil`: where clients look.
    ///   - name: given to the daemon with `hello`.
    ///   - timeout: how long a request may take.
    ///   - autostart: starts a daemon for this user if none answers; not if a socket is named, or if
    ///     `MEMOD_AUTOSTART` is 0.
    public init(
        path: String? = nil, name: String? = nil, timeout: Duration = .seconds(30), autostart: Bool = false
    ) {
        self.autostart = autostart && path == nil
        locations = path.map { [SocketLocation(path: $0, origin: "given")] } ?? SocketLocation.candidates()
        self.name = name
        self.timeout = timeout
    }

    init(locations: [SocketLocation], name: String?, timeout: Duration, autostart: Bool) {
        self.autostart = autostart
        self.locations = locations
        self.name = name
        self.timeout = timeout
    }

    /// Connects, unless it is connected.
    /// - Throws: `unreachable`, `untrustedPeer` or `timedOut`.
    public func connect() throws(MemoError) {
        try connect(deadline: Deadline(in: timeout))
    }

    public func close() {
        connection = nil
        pendingEvents = []
    }

    /// The socket that it is connected to, for `poll`; -1 if it is not. Not to be read or written.
    public var descriptor: Int32 { connection?.descriptor ?? -1 }

    /// The socket's path, once it was connected to.
    public var path: String? { connection?.path }

    /// Sends a call and reads its result.
    public func perform<Result>(_ call: Call<Result>) throws(MemoError) -> Result {
        try call.result(of: reply(to: call))
    }

    /// Sends a call and waits for the reply, be it a result or an error of the daemon.
    public func reply<Result>(to call: Call<Result>) throws(MemoError) -> Reply {
        let deadline = Deadline(in: timeout + call.patience)
        try connect(deadline: deadline)
        return try exchange(call.request.bytes, deadline: deadline)
    }

    /// Sends calls together and waits for their replies: in one round trip if they are small.
    /// - Parameter calls: at most as many as the daemon answers without the replies being read; 100 are fine.
    public func replies<Result>(to calls: [Call<Result>]) throws(MemoError) -> [Reply] {
        let deadline = Deadline(in: calls.reduce(timeout) { $0 + $1.patience })
        try connect(deadline: deadline)
        return try guarded { () throws(MemoError) in
            try connection!.send(calls.flatMap(\.request.bytes), deadline: deadline)
            waitInSilence(deadline)
            var replies: [Reply] = []
            for _ in calls { replies.append(try receiveReply(deadline: deadline)) }
            return replies
        }
    }

    /// Asks for events, from then on to be read with `nextEvent`.
    /// - Parameter function: `nil`: events of all functions.
    public func subscribe(function: String? = nil) throws(MemoError) {
        try perform(.subscribe(function: function))
        hasSubscribed = true
    }

    /// Waits for the next event of a subscription.
    /// - Parameter timeout: `nil`: for ever.
    /// - Returns: `nil` if none came in time.
    public func nextEvent(timeout: Duration?) throws(MemoError) -> Event? {
        guard connection != nil else { throw MemoError(.disconnected, "not connected") }
        let deadline = Deadline(in: timeout)
        do {
            if !pendingEvents.isEmpty { return pendingEvents.removeFirst() }
            while true {
                let line = try connection!.receiveLine(deadline: deadline)
                if let event = Event(try Reply(line: line)) { return event }
            }
        } catch {
            if error.code == .timedOut { return nil }
            close()
            throw error
        }
    }

    private func connect(deadline: Deadline) throws(MemoError) {
        // Events may have arrived on a connection that subscribed, so that only a broken one says anything.
        let isLost = connection?.isStale ?? true
        if isLost && (connection == nil || !hasSubscribed) {
            hasSubscribed = false
            features = nil
            connection = try Autostart.open(
                locations, isWanted: autostart, deadline: deadline, timeout: timeout)
            guard let name else { return }
            let reply = try exchange(Call.hello(client: name).request.bytes, deadline: deadline)
            if let error = reply.error { throw error }
            features = reply.strings("features")
        }
    }

    /// Whether the daemon has an addition to the protocol.
    package func has(_ feature: Feature) throws(MemoError) -> Bool {
        try connect()
        if features == nil { features = try perform(.hello(client: name)).strings("features") }
        return features?.contains(feature.rawValue) ?? false
    }

    private func exchange(_ request: [UInt8], deadline: Deadline) throws(MemoError) -> Reply {
        try guarded { () throws(MemoError) in
            try connection!.send(request, deadline: deadline)
            waitInSilence(deadline)
            return try receiveReply(deadline: deadline)
        }
    }

    /// Returns when something arrives: what was sent just now cannot have been answered before.
    private func waitInSilence(_ deadline: Deadline) {
        guard let slowReply, let left = deadline.left, left > slowReply.after else { return }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        if poll(&waiting, 1, Int32(clamping: slowReply.after.milliseconds)) == 0 {
            slowReply.tell(left - slowReply.after)
        }
    }

    /// The next line that is not an event: events may stand among the replies, and are kept for `nextEvent`.
    private func receiveReply(deadline: Deadline) throws(MemoError) -> Reply {
        while true {
            let reply = try Reply(line: connection!.receiveLine(deadline: deadline))
            guard reply["event"] != nil else { return reply }
            if pendingEvents.count >= Self.maximumPendingEvents, let lost = Event.lost {
                pendingEvents = [lost]
            } else if let event = Event(reply) {
                pendingEvents.append(event)
            }
        }
    }

    /// After an error in the middle of an exchange no one knows which reply comes next: the connection ends.
    private func guarded<T>(_ body: () throws(MemoError) -> T) throws(MemoError) -> T {
        do throws(MemoError) {
            return try body()
        } catch {
            close()
            throw error
        }
    }
}
