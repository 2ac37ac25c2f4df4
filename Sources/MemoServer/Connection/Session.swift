internal import Glibc

/// Where a connection stands, and what is to be done next for it: a state machine that has no socket, no bytes and no
/// clock. The loop tells it what happened, and does what it answers.
///
/// What it is told is true when it is told: how much output is unsent, and how many replies wait for a commit, change
/// with every reply, and are given to it with each question.
struct Session: ~Copyable {
    /// What becomes of the requests that were taken in; there is one batch at most.
    enum Requests: Equatable {
        case none
        /// A worker reads the next one, which is long.
        case parsing
        /// They are executed in this turn.
        case executing
        /// The next one waits: for a row, a lease, room, or its turn.
        case suspended
    }

    /// Whether more can come from the peer.
    enum Input: Equatable {
        case open
        /// All it sent was read.
        case ended
        /// And the executor knows.
        case told
    }

    /// What is in one word.
    enum Phase: Equatable { case reading, executing, suspended, held, draining, closed }

    /// What there is to be sent.
    struct Output: Equatable {
        /// Bytes, those included that may not be sent yet.
        var unsent: Int
        /// Replies that wait for a commit.
        var gates: Int
        /// There is a value beside them that is sent from where it is.
        var isAttached: Bool

        var isEmpty: Bool { unsent == 0 && !isAttached }
    }

    private(set) var requests = Requests.none
    /// There are whole lines behind the batch.
    private(set) var hasMoreLines = false
    private(set) var input = Input.open
    /// The peer has closed the connection: replies are dropped.
    private(set) var isPeerGone = false
    private(set) var isClosed = false
    /// The socket takes no more for now.
    private(set) var isBlocked = false
    /// The output reached its high-water mark, and has not yet fallen to the low one.
    private(set) var isOutputFull = false
    /// It, or all connections together, hold more unsent output than they may.
    private(set) var isOverShare = false
    /// Events for it were dropped, and it has not yet been told.
    private(set) var lostEvents = false
    /// Its output has held up its requests: they go on when it does so no more.
    private var wasHeld = false
    /// It is in the loop's list of those that go on by themselves.
    private var isListed = false
    /// It is to be read when its turn comes.
    private var wantsRead = false
    /// The socket may take more when its turn comes.
    private var wantsSend = false
    /// What epoll watches; `nil`: it does not know the connection.
    private(set) var watched: Epoll.Interest?
    /// There may be something that epoll has reported and will not report again.
    private var mustRearm = false

    /// Replies that wait for a commit, from which on it is not read.
    private let gatesMax: Int
    /// Unsent output down to which a full one must fall.
    private let lowWater: Int

    init(gatesMax: Int, lowWater: Int) {
        self.gatesMax = gatesMax
        self.lowWater = lowWater
    }

    /// Whether unsent output holds up the requests.
    func isHeld(_ output: Output) -> Bool {
        isOutputFull || output.isAttached || (isOverShare && output.unsent > 0)
    }

    /// Whether more requests may be taken in.
    func mayRead(_ output: Output) -> Bool {
        requests == .none && !hasMoreLines && input == .open && !isHeld(output) && output.gates < gatesMax
    }

    func phase(_ output: Output) -> Phase {
        if isClosed { return .closed }
        switch requests {
        case .executing: return .executing
        case _ where isHeld(output): return .held
        case .suspended, .parsing: return .suspended
        case .none: return input == .open ? .reading : .draining
        }
    }

    /// Whether it waits for its peer's next request and for nothing else. Without output, coming to rest changes nothing then.
    @inline(__always)
    var isAtRest: Bool {
        requests == .none && input == .open && watched == Self.watchedAtRest && !hasMoreLines && !isBlocked
            && !isOutputFull && !isOverShare && !lostEvents && !wasHeld && !wantsSend && !mustRearm
    }

    private static var watchedAtRest: Epoll.Interest { [.read, .readHangUp] }

    // MARK: epoll and the socket

    /// What epoll's news mean.
    enum Readable: Equatable { case nothing, read, hungUp }

    mutating func reported(_ interest: Epoll.Interest, _ output: Output) -> Readable {
        guard !isClosed, !interest.isDisjoint(with: [.read, .readHangUp, .hangUp, .error]) else {
            return .nothing
        }
        guard mayRead(output) else { return .hungUp }
        // The end is reported once, and read after all that comes before it.
        if !interest.isDisjoint(with: [.readHangUp, .hangUp, .error]) { mustRearm = true }
        return .read
    }

    /// What a read brought.
    enum Received: Equatable {
        /// - Parameter isAll: less than was asked for is all there was: the next byte is a new event.
        case bytes(isAll: Bool)
        case end
        case nothing
        case interrupted
        /// The peer closed without reading its replies: what it sent before is executed all the same.
        case broken
    }

    /// - Returns: whether there may be lines to execute.
    mutating func received(_ received: Received) -> Bool {
        switch received {
        case .bytes(isAll: true): return true
        case .bytes(isAll: false):
            mustRearm = true
            return true
        case .nothing: return false
        case .interrupted:
            mustRearm = true
            return false
        case .end:
            input = .ended
            return true
        case .broken:
            isPeerGone = true
            input = .ended
            return true
        }
    }

    /// News of a connection that is not read: only that the peer sends no more, or is gone.
    /// - Parameter isQuiet: whether it has sent nothing behind the request that is under way; only asked if that matters.
    /// - Returns: whether the executor is to be told that nothing follows.
    mutating func hungUp(_ interest: Epoll.Interest, isQuiet: () -> Bool) -> Bool {
        let isGone = !interest.isDisjoint(with: [.hangUp, .error])
        if isGone { isPeerGone = true }
        guard isGone || interest.contains(.readHangUp), requests == .suspended, !hasMoreLines, isQuiet()
        else {
            return false
        }
        return end()
    }

    /// What became of bytes that were to be sent.
    enum Sent: Equatable {
        case all
        /// The socket took some of them, or none, and says when it takes more.
        case some
        /// It took none, and may not say so.
        case interrupted
        /// It took all that it was given at once, and may take more.
        case part
        case broken
    }

    mutating func sent(_ sent: Sent) {
        switch sent {
        case .all: isBlocked = false
        case .some: isBlocked = true
        case .interrupted:
            isBlocked = true
            mustRearm = true
        case .part: postponeSend()
        case .broken:
            isBlocked = false
            isPeerGone = true
        }
    }

    // MARK: requests

    /// What a look for lines in the input found.
    enum Found: Equatable { case nothing, requests, longLine }

    mutating func parsed(_ found: Found, hasMoreLines: Bool) {
        assert(requests == .none)
        self.hasMoreLines = hasMoreLines
        switch found {
        case .nothing: break
        case .requests: requests = .executing
        case .longLine: requests = .parsing
        }
    }

    /// A worker has read the long line.
    mutating func parsedApart() {
        assert(requests == .parsing)
        requests = .suspended
    }

    /// How a connection goes on after something has changed that may have held it up.
    enum Next: Equatable {
        /// It is under way already, or over.
        case nothing
        /// It cannot go on.
        case reconcile
        case parse
        case execute
    }

    mutating func resumed(_ output: Output) -> Next {
        if isClosed { return .nothing }
        if isHeld(output) { return .reconcile }
        switch requests {
        case .executing: return .nothing
        case .parsing: return .reconcile
        case .suspended:
            requests = .executing
            return .execute
        case .none: return hasMoreLines ? .parse : .reconcile
        }
    }

    /// The executor has had its turn.
    /// - Parameters:
    ///   - isOver: it is through with the batch.
    ///   - goesOn: it waits for nothing but its next turn.
    mutating func executed(isOver: Bool, goesOn: Bool) {
        assert(requests == .executing)
        requests = isOver ? .none : .suspended
        if !isOver, goesOn { wasHeld = true }
    }

    // MARK: output

    mutating func fillOutput() { isOutputFull = true }
    mutating func count(isOverShare: Bool) { self.isOverShare = isOverShare }

    /// - Returns: whether an event may be put among the replies; if not it is lost.
    mutating func offersEvent(hasRoom: Bool) -> Bool {
        if lostEvents || !hasRoom { lostEvents = true }
        return !lostEvents
    }

    mutating func loseEvents() { lostEvents = true }

    /// What is unsent holds it up, perhaps: also if it does so no more in a moment, since a peer that reads meanwhile
    /// can take a full output at once.
    mutating func noteHeld(_ output: Output) {
        if isHeld(output) { wasHeld = true }
    }

    /// Whether the peer is to be told now that it lost events.
    mutating func tellsLost(_ output: Output) -> Bool {
        guard lostEvents, output.unsent <= lowWater else { return false }
        lostEvents = false
        return true
    }

    // MARK: what follows

    /// What is to be done after all that happened.
    struct Actions: OptionSet {
        let rawValue: UInt8

        /// It goes on by itself in the loop's next turn.
        static let list = Actions(rawValue: 1)
        static let tellEnd = Actions(rawValue: 2)
        /// All is over, and nothing else is to be done.
        static let close = Actions(rawValue: 4)
        /// epoll is to watch `watched` from now on, which it does not know yet.
        static let add = Actions(rawValue: 8)
        static let modify = Actions(rawValue: 16)
        static let remove = Actions(rawValue: 32)
    }

    /// Comes to rest: called after each change, until the next one.
    mutating func reconciled(_ output: Output) -> Actions {
        guard !isClosed else { return [] }
        var actions: Actions = []
        if isOutputFull, output.unsent <= lowWater { isOutputFull = false }
        if isHeld(output) {
            wasHeld = true
        } else if wasHeld || (hasMoreLines && requests == .none) {
            wasHeld = false
            if list() { actions.insert(.list) }
        }
        if wantsSend, list() { actions.insert(.list) }
        if input != .open, requests == .none, !hasMoreLines {
            if end() { actions.insert(.tellEnd) }
            if output.isEmpty {
                actions.insert(.close)
                return actions
            }
        }
        return actions.union(watch(output))
    }

    /// Takes up reading if it may go on, and watches for room in the socket if there was none. That reading has to stop
    /// is left to the next event: often none comes before it goes on.
    private mutating func watch(_ output: Output) -> Actions {
        var wanted = watched ?? []
        let mayRead = mayRead(output)
        if mayRead {
            wanted.formUnion([.read, .readHangUp])
        } else if input != .open {
            wanted.subtract([.read, .readHangUp])
        }
        if isBlocked { wanted.insert(.write) } else { wanted.remove(.write) }
        // Without a peer, hang-ups would be reported for ever.
        if isPeerGone && !mayRead { return unwatch() }
        return watch(wanted)
    }

    private mutating func watch(_ wanted: Epoll.Interest) -> Actions {
        guard watched != wanted || mustRearm else { return [] }
        mustRearm = false
        defer { watched = wanted }
        return watched == nil ? .add : .modify
    }

    /// It begins.
    mutating func opened() -> Actions { watch([.read, .readHangUp]) }

    /// Nothing is to be reported that is reported again and again.
    mutating func ignoresInput() -> Actions {
        isPeerGone ? unwatch() : watch((watched ?? []).subtracting([.read, .readHangUp]))
    }

    private mutating func unwatch() -> Actions {
        defer { watched = nil }
        return watched == nil ? [] : .remove
    }

    // MARK: the loop's list

    /// - Returns: whether the loop is to put it into its list.
    mutating func list() -> Bool {
        guard hasMoreLines || requests != .none || wantsRead || wantsSend, !isListed else { return false }
        isListed = true
        return true
    }

    /// There is something to read, for when its turn comes.
    mutating func postponeRead() { wantsRead = true }

    /// There is room in the socket for much, for when its turn comes.
    mutating func postponeSend() {
        isBlocked = false
        wantsSend = true
    }

    /// Whether one from the list is to send first.
    mutating func takeSend() -> Bool {
        defer { wantsSend = false }
        return wantsSend && !isClosed
    }

    /// What is to be done for one from the list.
    enum Turn: Equatable { case nothing, proceed, read, reconcile }

    mutating func takeTurn(_ output: Output) -> Turn {
        isListed = false
        guard !isClosed else { return .nothing }
        guard wantsRead else { return .proceed }
        wantsRead = false
        if mayRead(output) { return .read }
        mustRearm = true
        return .reconcile
    }

    private mutating func end() -> Bool {
        defer { input = .told }
        return input != .told
    }

    mutating func closed() {
        assert(!isClosed)
        isClosed = true
        requests = .none
    }
}
