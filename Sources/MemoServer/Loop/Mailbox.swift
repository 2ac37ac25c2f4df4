internal import CLinux
internal import Glibc
internal import MemoStore
internal import Platform
internal import Synchronization

/// What other threads send to a loop. They wake it only while it sleeps, and once however much they send.
final class Mailbox: Sendable {
    /// What arrived since the loop last looked.
    struct Mail {
        var messages: [(id: ConnectionID, message: LoopMessage)] = []
        /// Events for subscribers, apart from what someone waits for.
        var events: [(id: ConnectionID, line: [UInt8])] = []
        /// Subscribers of whom events were dropped.
        var lost: Set<ConnectionID> = []
        var commits: [CommitResult] = []
        var sockets: [AcceptedSocket] = []
        /// The loop is to end, at the latest at this time.
        var drainDeadline: Int64?
        var rules: AccessRules?
        var heartbeat: UInt64 = 0
        fileprivate var eventBytes = 0

        /// Empties it and keeps its memory.
        mutating func clear() {
            messages.removeAll(keepingCapacity: messages.capacity <= 4096)
            events.removeAll(keepingCapacity: events.capacity <= 4096)
            lost.removeAll()
            commits.removeAll(keepingCapacity: true)
            sockets.removeAll()
            drainDeadline = nil
            rules = nil
            heartbeat = 0
            eventBytes = 0
        }
    }

    /// Readable when the loop is to wake up.
    let descriptor: Int32
    private let mail = Lock(Mail())
    // The loop looks at these in every turn, without the lock. Before it sleeps it has said so and then found no mail, and who
    // sends mail puts it there before it looks whether the loop sleeps: so one of them sees the other.
    private let hasMail = Atomic(false)
    private let isLoopAsleep = Atomic(false)
    private let eventLimit: Int
    private let eventByteLimit: Int

    init(limits: Limits) throws(SystemError) {
        eventLimit = limits.mailboxEvents
        eventByteLimit = limits.mailboxEventBytes
        descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard descriptor >= 0 else { throw .last }
    }

    deinit { close(descriptor) }

    func post(_ id: ConnectionID, _ message: LoopMessage) {
        send { mail in
            if case .append(let bytes) = message {
                guard mail.events.count < eventLimit, mail.eventBytes + bytes.count <= eventByteLimit else {
                    mail.lost.insert(id)
                    return
                }
                mail.eventBytes += bytes.count
                return mail.events.append((id, bytes))
            }
            mail.messages.append((id, message))
        }
    }

    func post(_ result: CommitResult) {
        send { mail in
            if let last = mail.commits.last, let merged = last.merged(with: result) {
                mail.commits[mail.commits.count - 1] = merged
            } else {
                mail.commits.append(result)
            }
        }
    }

    /// For what is neither a message to a connection nor a commit.
    func send(_ change: (inout Mail) -> Void) {
        mail.withLock {
            change(&$0)
            hasMail.store(true, ordering: .sequentiallyConsistent)
        }
        if isLoopAsleep.exchange(false, ordering: .sequentiallyConsistent) {
            var one: UInt64 = 1
            // Fails only where the counter is full, and then the loop wakes up anyway.
            _ = write(descriptor, &one, 8)
        }
    }

    /// Exchanges what arrived for `mail`, which must be clear.
    /// - Parameter sleeping: the loop goes to sleep if there is nothing, and wants to be woken.
    /// - Returns: whether there was anything.
    func take(into mail: inout Mail, sleeping: Bool) -> Bool {
        if !hasMail.load(ordering: .sequentiallyConsistent) {
            // It stays as it is until someone sends something: mostly there is nothing to be written.
            guard isLoopAsleep.load(ordering: .sequentiallyConsistent) != sleeping else { return false }
            isLoopAsleep.store(sleeping, ordering: .sequentiallyConsistent)
            guard hasMail.load(ordering: .sequentiallyConsistent) else { return false }
        }
        self.mail.withLock {
            swap(&$0, &mail)
            hasMail.store(false, ordering: .relaxed)
        }
        return true
    }

    /// Resets the descriptor after a wake-up.
    func acknowledgeWakeUp() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }
}

extension CommitResult {
    /// This result and the next one as one, where that loses nothing.
    fileprivate func merged(with next: CommitResult) -> CommitResult? {
        switch (failedFrom, next.failedFrom) {
        case (nil, nil): CommitResult(through: next.through)
        case (let first?, let second?) where second == through + 1:
            CommitResult(through: next.through, failedFrom: first)
        default: nil
        }
    }
}
