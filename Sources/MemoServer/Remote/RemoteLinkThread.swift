internal import CLinux
internal import Glibc
internal import Logging
internal import MemoStore
internal import Platform
internal import RemoteLink
internal import Synchronization

/// Keeps a link to the helper: starts it, starts it anew, and sends what those who made it could not send at once.
final class RemoteLinkThread: Sendable {
    private let helper: RemoteSettings.Helper
    private let store: Store
    private let logger: Logger
    /// Written to when there is something to send, or an end to make.
    private let wakeUp: Int32
    /// Told of what other machines cleared and deleted, with the store's lock held.
    private let heard: @Sendable ([RemoteNotice], _ areSomeLost: Bool) -> Void
    private let isClosing = Atomic(false)
    private let link: HelperLink
    /// The helper is gone, or makes no sense.
    private let isBroken = Atomic(false)
    private let thread = Lock<Thread?>(nil)

    private static let backoffFirstMs: Int32 = 100
    private static let backoffMaxMs: Int32 = 5000
    private static let firstTickMs: Int64 = 1000

    /// - Throws: if there are no descriptors left.
    init(
        _ helper: RemoteSettings.Helper, store: Store, logger: Logger,
        heard: @escaping @Sendable ([RemoteNotice], _ areSomeLost: Bool) -> Void
    ) throws(SystemError) {
        self.heard = heard
        self.helper = helper
        self.store = store
        self.logger = logger
        link = try HelperLink()
        wakeUp = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard wakeUp >= 0 else { throw SystemError(number: errno) }
    }

    deinit { close(wakeUp) }

    /// Readable when `receive` is to be called.
    var readiness: Int32 { link.readiness }

    func start() throws(SystemError) {
        let started = try Thread(name: "memod-remote") { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// There is something to send.
    func notify() {
        if link.sendAtOnce(from: store) != .everything { wake() }
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(wakeUp, &one, 8)
    }

    func end() {
        isClosing.store(true, ordering: .releasing)
        wake()
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
    }

    private var ends: Bool { isClosing.load(ordering: .acquiring) }

    private func run() {
        var backoff = Self.backoffFirstMs
        var said = ""
        while !ends {
            var reason = ""
            if let connection = HelperConnection.open(helper, reason: &reason) {
                let began = BootClock.nowMs
                isBroken.store(false, ordering: .releasing)
                if link.open(connection.descriptor) {
                    store.perform { $0.remoteLinked() }
                    serve(connection.descriptor)
                }
                link.close()
                store.perform { core in
                    core.remoteUnlinked()
                    tellHeard(&core)
                }
                reason = connection.end()
                if BootClock.nowMs - began > 10_000 {
                    backoff = Self.backoffFirstMs
                    said = ""
                }
            }
            if ends { break }
            store.perform { $0.remoteIsMissing(reason) }
            // The same again and again is said once.
            if reason != said {
                logger.warning(
                    "the helper for other machines is not there", metadata: ["reason": "\(reason)"])
                said = reason
            }
            pause(backoff)
            backoff = min(backoff * 2, Self.backoffMaxMs)
        }
    }

    private func pause(_ ms: Int32) {
        let until = BootClock.nowMs + Int64(ms)
        while !ends {
            let rest = until - BootClock.nowMs
            guard rest > 0 else { return }
            var waited = pollfd(fd: wakeUp, events: Int16(POLLIN), revents: 0)
            poll(&waited, 1, Int32(rest))
            drain()
        }
    }

    private func drain() {
        var count: UInt64 = 0
        _ = read(wakeUp, &count, 8)
    }

    /// Until the helper is gone, or the end.
    private func serve(_ descriptor: Int32) {
        var nextTick = BootClock.nowMs + Self.firstTickMs
        while !ends, !isBroken.load(ordering: .acquiring) {
            let sent = link.send(from: store)
            guard sent != .broken else { return }
            var waited = [pollfd(fd: wakeUp, events: Int16(POLLIN), revents: 0)]
            if sent == .some { waited.append(pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)) }
            poll(&waited, nfds_t(waited.count), Int32(clamping: max(0, nextTick - BootClock.nowMs)))
            if waited[0].revents != 0 { drain() }
            if BootClock.nowMs >= nextTick {
                store.perform { core in
                    nextTick = BootClock.nowMs + core.remoteTick()
                    tellHeard(&core)
                }
            }
        }
    }

    /// There are replies. Called by a loop.
    func receive() {
        do throws(FrameError) {
            try link.receive { replies in
                store.perform { core in
                    for reply in replies { core.remoteReceived(reply) }
                    tellHeard(&core)
                }
            }
        } catch {
            if error != HelperLink.end {
                logger.error("the helper's side of the link makes no sense", metadata: ["reason": "\(error)"])
            }
            isBroken.store(true, ordering: .releasing)
            wake()
        }
    }

    private func tellHeard(_ core: inout StoreCore) {
        let (notices, areSomeLost) = core.takeRemoteNotices()
        if !notices.isEmpty || areSomeLost { heard(notices, areSomeLost) }
    }
}
