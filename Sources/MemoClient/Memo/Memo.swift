internal import Glibc
internal import Platform
internal import Synchronization

/// A client of the daemon for programs with tasks: every operation as an `async` call, and memoized functions.
///
/// Requests of all tasks share one connection, on which they are sent as they come; those that wait for someone
/// else's computation have connections of their own, and so have events. A lost connection is made anew by the next
/// request. Making one connects to nothing yet.
///
///     let memo = Memo()
///     let risk = memo.memoize("compute_risk_score", maxsize: 512) { (portfolio: Int, threshold: Double) async throws in
///         try await expensive(portfolio, threshold)
///     }
///     let score = try await risk(7, 0.05)
public final class Memo: Sendable {
    /// Connections for waiting that are kept when no one waits.
    private static let spareChannels = 8

    /// Where it looks for the daemon.
    public let locations: [SocketLocation]
    /// The name by which the daemon knows this client's connections in its events.
    public let name: String
    /// How long a request may take, connecting included.
    public let timeout: Duration
    private let autostart: Bool
    private let main: Channel
    /// Hits that it reads by itself.
    let published: PublishedHits
    /// `nil`: closed.
    private let spare = Mutex<[Channel]?>([])
    let invalidations: InvalidationListener
    let diagnostics: Diagnostics

    /// - Parameters:
    ///   - path: the socket; `nil`: where clients look.
    ///   - name: unique to this client; `nil`: made up. At most 128 bytes.
    ///   - timeout: how long a request may take.
    ///   - autostart: starts a daemon for this user if none answers; not if a socket is named, or if
    ///     `MEMOD_AUTOSTART` is 0.
    ///   - complain: is told, once of each, why memoized functions do without the daemon; `nil`: a line on standard
    ///     error.
    public init(
        path: String? = nil, name: String? = nil, timeout: Duration = .seconds(5), autostart: Bool = false,
        complain: (@Sendable (String) -> Void)? = nil
    ) {
        locations = path.map { [SocketLocation(path: $0, origin: "given")] } ?? SocketLocation.candidates()
        self.name = name ?? "swift-\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        self.timeout = timeout
        self.autostart = autostart && path == nil
        main = Channel(locations, name: self.name, timeout: timeout, autostart: self.autostart)
        published = PublishedHits(locations, timeout: timeout)
        invalidations = InvalidationListener(
            path: path, name: self.name, timeout: timeout, autostart: self.autostart)
        diagnostics = Diagnostics(complain ?? Diagnostics.toStandardError)
    }

    deinit {
        close()
    }

    /// Ends its connections. Requests under way fail, and later ones too.
    public func close() {
        main.close()
        published.close()
        invalidations.close()
        let channels = spare.withLock { channels in
            defer { channels = nil }
            return channels ?? []
        }
        for channel in channels { channel.close() }
    }

    /// Sends a call and waits for its result.
    ///
    /// A cancelled task gets `cancelled` at once; what was sent already takes its effect.
    public func perform<Result>(_ call: Call<Result>) async throws(MemoError) -> Result {
        guard call.patience > .zero else { return try await perform(call, on: main) }
        let channel = takeChannel()
        do throws(MemoError) {
            let result = try await perform(call, on: channel)
            giveBack(channel)
            return result
        } catch {
            // Its reply may still come, and is no one's: the connection ends with it.
            channel.close()
            throw error
        }
    }

    /// Events from now on, of one function or all: a connection of their own, which ends with the sequence.
    ///
    /// The sequence ends with an error if the connection does.
    public func events(function: String? = nil) -> AsyncThrowingStream<Event, any Error> {
        let client = EventConnection(
            BlockingClient(locations: locations, name: name, timeout: timeout, autostart: autostart))
        return AsyncThrowingStream(bufferingPolicy: .bufferingNewest(65_536)) { continuation in
            continuation.onTermination = { _ in client.stop() }
            let started: Void? = try? Thread.detach(blocksSignals: true) {
                do {
                    try client.run(function: function) { continuation.yield($0) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            if started == nil {
                continuation.finish(throwing: MemoError(.unreachable, "there is no thread left"))
            }
        }
    }

    func perform<Result>(_ call: Call<Result>, on channel: Channel) async throws(MemoError) -> Result {
        try await call.result(of: channel.reply(to: call.request.bytes, within: timeout + call.patience))
    }

    /// A connection for oneself: what was granted on it is held while it is.
    func takeChannel() -> Channel {
        let (channel, isClosed) = spare.withLock { ($0?.popLast(), $0 == nil) }
        if let channel { return channel }
        let new = Channel(locations, name: name, timeout: timeout, autostart: autostart)
        if isClosed { new.close() }
        return new
    }

    func giveBack(_ channel: Channel) {
        guard !channel.isClosed else { return }
        let isKept = spare.withLock { channels in
            guard let count = channels?.count, count < Self.spareChannels else { return false }
            channels?.append(channel)
            return true
        }
        if !isKept { channel.close() }
    }
}
