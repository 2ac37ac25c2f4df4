internal import CLinux
internal import Glibc
internal import Logging
internal import MemoStore
internal import Platform
internal import RemoteLink
internal import Synchronization

/// Carries requests from the store to the helper and its replies back, on a thread of its own.
final class RemoteLinkThread: Sendable {
    private let helper: RemoteSettings.Helper
    private let store: Store
    private let logger: Logger
    /// Written to when there is something to send, or an end to make.
    private let wakeUp: Int32
    /// Told of what other machines cleared and deleted, with the store's lock held.
    private let heard: @Sendable ([RemoteNotice], _ areSomeLost: Bool) -> Void
    private let isClosing = Atomic(false)
    private let thread = Mutex<Thread?>(nil)

    private static let backoffFirstMs: Int32 = 100
    private static let backoffMaxMs: Int32 = 5000
    private static let tickMs: Int64 = 1000
    /// No more is taken to be sent while so much is not sent yet.
    private static let outputMax = 1 << 20

    /// - Throws: if there are no descriptors left.
    init(
        _ helper: RemoteSettings.Helper, store: Store, logger: Logger,
        heard: @escaping @Sendable ([RemoteNotice], _ areSomeLost: Bool) -> Void
    ) throws(SystemError) {
        self.heard = heard
        self.helper = helper
        self.store = store
        self.logger = logger
        wakeUp = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard wakeUp >= 0 else { throw SystemError(number: errno) }
    }

    deinit { close(wakeUp) }

    func start() throws(SystemError) {
        let started = try Thread(name: "memod-remote") { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// There is something to send.
    func notify() {
        var one: UInt64 = 1
        _ = write(wakeUp, &one, 8)
    }

    func end() {
        isClosing.store(true, ordering: .releasing)
        notify()
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
                store.perform { $0.remoteLinked() }
                serve(connection.descriptor)
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
        var frames = FrameBuffer()
        var output: [UInt8] = []
        var sent = 0
        var nextTick = BootClock.nowMs + Self.tickMs
        var input = [UInt8](repeating: 0, count: 256 << 10)
        while !ends {
            if output.count - sent < Self.outputMax {
                if sent > 0 {
                    output.removeFirst(sent)
                    sent = 0
                }
                take(into: &output)
            }
            if sent < output.count {
                let count = output.withUnsafeBytes {
                    memod_send(
                        descriptor, $0.baseAddress! + sent, $0.count - sent,
                        Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
                }
                if count > 0 {
                    sent += count
                    if sent == output.count {
                        output.removeAll(keepingCapacity: output.capacity <= Self.outputMax)
                        sent = 0
                    }
                } else if errno != EAGAIN, errno != EINTR {
                    return
                }
            }
            let events = Int16(POLLIN) | (sent < output.count ? Int16(POLLOUT) : 0)
            var waited = [
                pollfd(fd: descriptor, events: events, revents: 0),
                pollfd(fd: wakeUp, events: Int16(POLLIN), revents: 0),
            ]
            poll(&waited, 2, Int32(clamping: max(0, nextTick - BootClock.nowMs)))
            if waited[1].revents != 0 { drain() }
            if waited[0].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 {
                guard receive(descriptor, &input, &frames) else { return }
            }
            if BootClock.nowMs >= nextTick {
                nextTick = BootClock.nowMs + Self.tickMs
                store.perform { core in
                    core.remoteTick()
                    tellHeard(&core)
                }
            }
        }
    }

    private func take(into output: inout [UInt8]) {
        var requests: [LinkRequest] = []
        store.perform { requests = $0.takeRemoteRequests() }
        for request in requests { output += request.frame }
    }

    /// - Returns: false at the end of the connection.
    private func receive(_ descriptor: Int32, _ input: inout [UInt8], _ frames: inout FrameBuffer) -> Bool {
        let count = input.withUnsafeMutableBytes {
            memod_recv(descriptor, $0.baseAddress!, $0.count, Int32(MSG_DONTWAIT))
        }
        guard count > 0 else { return count < 0 && (errno == EAGAIN || errno == EINTR) }
        frames.append(input[..<count])
        var replies: [LinkReply] = []
        do throws(FrameError) {
            while let frame = try frames.next() { replies.append(try LinkReply(frame)) }
        } catch {
            logger.error("the helper's side of the link makes no sense", metadata: ["reason": "\(error)"])
            return false
        }
        guard !replies.isEmpty else { return true }
        store.perform { core in
            for reply in replies { core.remoteReceived(reply) }
            tellHeard(&core)
        }
        return true
    }

    private func tellHeard(_ core: inout StoreCore) {
        let (notices, areSomeLost) = core.takeRemoteNotices()
        if !notices.isEmpty || areSomeLost { heard(notices, areSomeLost) }
    }
}
