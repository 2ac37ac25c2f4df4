internal import CLinux
internal import Glibc
internal import MemoStore
internal import Platform
internal import RemoteLink

/// The socket to the helper, as every thread uses it: who has made a request sends it, and a loop receives the replies. Neither
/// way leads through a thread that would have to be woken.
final class HelperLink: Sendable {
    enum Sent {
        case everything
        /// The socket takes no more for now.
        case some
        /// There is much, or another thread is sending: it is for the link's own thread.
        case notAll
        case broken
    }

    private struct Output {
        var descriptor: Int32 = -1
        var bytes: [UInt8] = []
        var sent = 0

        var rest: Int { bytes.count - sent }
    }

    private struct Input {
        var descriptor: Int32 = -1
        var frames = FrameBuffer()
        var buffer: [UInt8] = []
    }

    /// Readable when there are replies: links come and go, and this stays.
    let readiness: Int32
    private let output = Lock(Output())
    private let input = Lock(Input())

    /// No more is taken to be sent while this much is not sent yet.
    private static let outputMax = 1 << 20
    private static let receivedAtOnce = 256 << 10
    /// How many findings are given to the store while its lock is held.
    private static let foundAtOnce = 256

    /// - Throws: if there are no descriptors left.
    init() throws(SystemError) {
        readiness = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard readiness >= 0 else { throw .last }
    }

    deinit { Glibc.close(readiness) }

    /// - Returns: false if the kernel has no memory.
    func open(_ descriptor: Int32) -> Bool {
        output.withLock { $0 = Output(descriptor: descriptor) }
        input.withLock {
            $0 = Input(descriptor: descriptor)
            $0.buffer = [UInt8](repeating: 0, count: Self.receivedAtOnce)
        }
        var event = epoll_event()
        event.events = EPOLLIN.rawValue
        return epoll_ctl(readiness, EPOLL_CTL_ADD, descriptor, &event) == 0
    }

    /// No one uses the descriptor after this.
    func close() {
        output.withLock { $0 = Output() }
        input.withLock { input in
            leave(input)
            input = Input()
        }
    }

    private func leave(_ input: borrowing Input) {
        var event = epoll_event()
        epoll_ctl(readiness, EPOLL_CTL_DEL, input.descriptor, &event)
    }

    // MARK: sending

    /// Sends what the store has to be sent.
    func send(from store: Store) -> Sent { output.withLock { send(&$0, from: store, onlySmall: false) } }

    /// The same without waiting for anyone, and without what takes long to copy.
    func sendAtOnce(from store: Store) -> Sent {
        output.withLockIfAvailable { send(&$0, from: store, onlySmall: true) } ?? .notAll
    }

    private func send(_ output: inout Output, from store: Store, onlySmall: Bool) -> Sent {
        guard output.descriptor >= 0 else { return .everything }
        if output.rest < Self.outputMax {
            guard let requests = store.takeRemoteRequests(onlySmall: onlySmall) else { return .notAll }
            if output.sent > 0 {
                output.bytes.removeFirst(output.sent)
                output.sent = 0
            }
            for request in requests { output.bytes += request.frame }
        }
        guard output.rest > 0 else { return .everything }
        let count = output.bytes.withUnsafeBytes {
            memod_send(
                output.descriptor, $0.baseAddress! + output.sent, output.rest,
                Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
        }
        guard count > 0 else { return errno == EAGAIN || errno == EINTR ? .some : .broken }
        output.sent += count
        guard output.rest == 0 else { return .some }
        output.bytes.removeAll(keepingCapacity: output.bytes.capacity <= Self.outputMax)
        output.sent = 0
        return .everything
    }

    // MARK: receiving

    /// Gives what came to `use`.
    /// - Throws: if the other side is gone, or makes no sense; nothing more is received then.
    func receive(_ use: ([LinkReply]) -> Void) throws(FrameError) {
        try input.withLock { (input) throws(FrameError) in
            guard input.descriptor >= 0 else { return }
            do throws(FrameError) {
                try receive(&input, use)
            } catch {
                leave(input)
                input.descriptor = -1
                throw error
            }
        }
    }

    static let end = FrameError("it closed the connection")

    private func receive(_ input: inout Input, _ use: ([LinkReply]) -> Void) throws(FrameError) {
        let count = input.buffer.withUnsafeMutableBytes {
            memod_recv(input.descriptor, $0.baseAddress!, $0.count, Int32(MSG_DONTWAIT))
        }
        guard count > 0 else {
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            throw Self.end
        }
        input.frames.append(input.buffer[..<count])
        var replies: [LinkReply] = []
        var found = 0
        while let frame = try input.frames.next() {
            let reply = try LinkReply(frame)
            replies.append(reply)
            if case .found(_, let some, _) = reply { found += some.count }
            guard found >= Self.foundAtOnce else { continue }
            use(exchange(&replies, with: []))
            found = 0
        }
        if !replies.isEmpty { use(replies) }
    }
}
