internal import CLinux
internal import Glibc
internal import Platform

/// An epoll instance with room for the events of one turn.
struct Epoll: ~Copyable {
    /// What to wait for, and what happened.
    struct Interest: OptionSet {
        let rawValue: UInt32

        static let read = Interest(rawValue: EPOLLIN.rawValue)
        static let write = Interest(rawValue: EPOLLOUT.rawValue)
        /// The peer will send no more.
        static let readHangUp = Interest(rawValue: EPOLLRDHUP.rawValue)
        /// Neither direction works any more. Always reported.
        static let hangUp = Interest(rawValue: EPOLLHUP.rawValue)
        /// Always reported.
        static let error = Interest(rawValue: EPOLLERR.rawValue)
        /// Reported when it happens, not for as long as it lasts; `add` and `modify` report what is there already.
        static let edgeTriggered = Interest(rawValue: EPOLLET.rawValue)
    }

    private let descriptor: Int32
    private let events: UnsafeMutableBufferPointer<epoll_event>

    init(eventsPerTurn: Int) throws(SystemError) {
        let descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw .last }
        self.descriptor = descriptor
        events = .allocate(capacity: eventsPerTurn)
        events.initialize(repeating: epoll_event())
    }

    deinit {
        events.deallocate()
        close(descriptor)
    }

    func add(_ file: Int32, _ interest: Interest, token: UInt64) throws(SystemError) {
        try control(EPOLL_CTL_ADD, file, interest, token)
    }

    func modify(_ file: Int32, _ interest: Interest, token: UInt64) throws(SystemError) {
        try control(EPOLL_CTL_MOD, file, interest, token)
    }

    func remove(_ file: Int32) throws(SystemError) {
        try control(EPOLL_CTL_DEL, file, [], 0)
    }

    private func control(
        _ operation: Int32, _ file: Int32, _ interest: Interest, _ token: UInt64
    ) throws(SystemError) {
        var event = epoll_event()
        event.events = interest.rawValue
        event.data.u64 = token
        guard epoll_ctl(descriptor, operation, file, &event) == 0 else { throw .last }
    }

    /// Sleeps until something happens.
    /// - Parameter timeoutMs: -1: without end.
    /// - Returns: how many events there are; 0 after the time or a signal.
    func wait(timeoutMs: Int32) -> Int {
        Int(max(0, epoll_wait(descriptor, events.baseAddress, Int32(events.count), timeoutMs)))
    }

    /// An event of the last `wait`.
    subscript(position: Int) -> (token: UInt64, interest: Interest) {
        let event = events[position]
        return (event.data.u64, Interest(rawValue: event.events))
    }
}
