@testable import MemoServer

/// A connection without sockets: peer, kernel, executor and loop are counters around a real `Session`.
///
/// The kernel is as mean as it may be: it reports only what is new, and only what is watched.
final class SimulatedConnection {
    enum Request: Equatable {
        case plain
        /// Its reply is more than the output may be.
        case large
        /// Its reply waits for a commit.
        case gated
        /// It is suspended until it is woken, or the peer is gone; then it is as `attached`.
        case waiting
        /// A worker reads it.
        case long
        /// It takes two turns.
        case slow
        /// Its reply is a value beside the output, of which there is one at a time.
        case attached
    }

    enum Happening: CaseIterable {
        case sendsPlain, sendsLarge, sendsGated, sendsWaiting, sendsMany, sendsLong, sendsSlow, sendsAttached
        case closesItsHalf, resets, reads
        /// From now on it reads while it is sent to, or only when it feels like it.
        case hurries, dawdles
        case wakes, commits, publishes, shareIsOver, shareIsFree, isParsed, becomesDear, becomesCheap
    }

    private struct Reply {
        var number: Int
        var units: Int
        var isGated: Bool
        var isAttached = false
    }

    static let batchMax = 2
    static let readMax = 3
    static let highWater = 12
    static let lowWater = 2
    static let gatesMax = 2
    static let roomMax = 4

    var session = Session(gatesMax: gatesMax, lowWater: lowWater)

    // The peer.
    private(set) var asked = 0
    private(set) var answered = 0
    private(set) var lostNotices = 0
    private var hasEnded = false
    private var hasReset = false
    private var isHurrying = false

    // The kernel.
    private var unread: [Request] = []
    private var endReported = false
    private var sendable: Int { Self.roomMax - inFlight }
    private var inFlight = 0
    private var watched: Epoll.Interest?
    private var news: Epoll.Interest = []

    // The executor.
    private var isWoken = false
    private(set) var executed = 0
    private(set) var toldEnd = 0
    private(set) var isClosed = false

    // The loop.
    private var lines: [Request] = []
    private var batch: [Request] = []
    private var replies: [Reply] = []
    private var isReady = false
    private var isOver = false
    private var isDear = false
    private var isBegun = false
    private(set) var problem: String?

    private var output: Session.Output {
        Session.Output(
            unsent: replies.reduce(0) { $0 + ($1.isAttached ? 0 : $1.units) },
            gates: replies.reduce(0) { $0 + ($1.isGated ? 1 : 0) },
            isAttached: replies.contains { $0.isAttached })
    }

    init() {
        perform(session.opened())
    }

    private func fail(_ message: String) { problem = problem ?? message }

    // MARK: what happens

    func happens(_ happening: Happening) {
        switch happening {
        case .sendsPlain: send([.plain])
        case .sendsLarge: send([.large])
        case .sendsGated: send([.gated, .plain])
        case .sendsWaiting: send([.waiting])
        case .sendsLong: send([.plain, .long, .plain])
        case .sendsSlow: send([.slow, .plain])
        case .sendsAttached: send([.attached, .plain])
        case .sendsMany: send(Array(repeating: .plain, count: 5))
        case .closesItsHalf:
            if !hasEnded {
                hasEnded = true
                report(.readHangUp)
            }
        case .resets:
            if !hasReset {
                hasReset = true
                hasEnded = true
                unread = []
                report([.read, .readHangUp, .hangUp, .error])
            }
        case .reads:
            if inFlight > 0, !hasReset {
                inFlight = 0
                report(.write)
            }
        case .hurries:
            happens(.reads)
            isHurrying = true
        case .dawdles: isHurrying = false
        case .wakes:
            isWoken = true
            if session.requests == .suspended { resume() }
            execute()
        case .commits:
            for index in replies.indices { replies[index].isGated = false }
            flush()
            proceed()
        case .publishes:
            guard !isClosed, session.input == .open, !session.isPeerGone else { break }
            if session.offersEvent(hasRoom: output.unsent < Self.highWater) {
                replies.append(Reply(number: -1, units: 1, isGated: false))
            }
            flush()
            proceed()
        case .isParsed:
            guard !isClosed, session.requests == .parsing else { break }
            session.parsedApart()
            proceed()
        case .becomesDear: isDear = true
        case .becomesCheap: isDear = false
        case .shareIsOver: isOver = true
        case .shareIsFree: isOver = false
        }
    }

    private func send(_ requests: [Request]) {
        guard !hasEnded else { return }
        unread += requests
        asked += requests.count
        report(.read)
    }

    private func report(_ interest: Epoll.Interest) {
        guard let watched else { return }
        news.formUnion(interest.intersection(watched.union([.hangUp, .error])))
    }

    private var level: Epoll.Interest {
        var level: Epoll.Interest = []
        if !unread.isEmpty || hasEnded { level.insert(.read) }
        if sendable > 0 || hasReset { level.insert(.write) }
        if hasEnded { level.insert(.readHangUp) }
        if hasReset { level.formUnion([.hangUp, .error]) }
        return level
    }

    // MARK: the loop, as `EventLoop` does it

    /// Runs until nothing happens any more, or for this many steps.
    func run(steps: Int = 10_000) {
        for _ in 0..<steps {
            if problem != nil || isClosed { return }
            if isReady {
                isReady = false
                switch session.takeTurn(output) {
                case .nothing: break
                case .proceed: proceed()
                case .read:
                    read()
                    execute()
                case .reconcile: reconcile()
                }
            } else if !news.isEmpty {
                let interest = news
                news = []
                handle(interest)
            } else {
                return checkRest()
            }
        }
        if steps == 10_000 { fail("it does not come to rest") }
    }

    private func handle(_ interest: Epoll.Interest) {
        if interest.contains(.write) {
            flush()
            proceed()
        }
        if isClosed { return }
        switch session.reported(interest, output) {
        case .nothing: break
        case .read where isDear:
            session.postponeRead()
            if session.list() { isReady = true }
        case .read:
            read()
            execute()
        case .hungUp:
            let isEnd = session.hungUp(interest) { batch.count == 1 && lines.isEmpty && unread.isEmpty }
            if isEnd { tellEnd() }
            dropIfGone()
            perform(session.ignoresInput())
            if session.isPeerGone { proceed() }
        }
    }

    private func read() {
        let taken = min(unread.count, Self.readMax)
        let isAny: Bool
        if hasReset {
            isAny = session.received(.broken)
        } else if taken > 0 {
            lines += unread.prefix(taken)
            unread.removeFirst(taken)
            isAny = session.received(.bytes(isAll: taken < Self.readMax))
        } else {
            isAny = session.received(hasEnded ? .end : .nothing)
        }
        dropIfGone()
        if isAny { gather() } else { reconcile() }
    }

    private func gather() {
        var hasMoreLines = false
        batch = []
        while let line = lines.first, !hasMoreLines {
            if batch.count == Self.batchMax || (line == .long && !batch.isEmpty) {
                hasMoreLines = true
            } else {
                batch.append(lines.removeFirst())
                // What is behind it was not looked at.
                if line == .long { hasMoreLines = true }
            }
        }
        // That there are no more is only seen by another look.
        if batch.count == Self.batchMax { hasMoreLines = true }
        session.parsed(
            batch.isEmpty ? .nothing : batch == [.long] ? .longLine : .requests, hasMoreLines: hasMoreLines)
        if session.requests != .executing { reconcile() }
    }

    private func resume() {
        switch session.resumed(output) {
        case .nothing, .execute: break
        case .reconcile: reconcile()
        case .parse: gather()
        }
    }

    private func proceed() {
        resume()
        execute()
    }

    private func execute() {
        guard session.requests == .executing else { return }
        var yields = false
        while let request = batch.first {
            if output.isAttached { break }
            if output.unsent >= Self.highWater, !session.isPeerGone {
                session.fillOutput()
                break
            }
            if request == .waiting, !isWoken, !session.isPeerGone { break }
            if request == .slow, !isBegun {
                isBegun = true
                yields = true
                break
            }
            isBegun = false
            isWoken = false
            batch.removeFirst()
            answer(request)
            executed += 1
        }
        session.executed(isOver: batch.isEmpty, goesOn: yields || output.isAttached)
        if output.unsent >= Self.highWater, !session.isPeerGone { session.fillOutput() }
        flush()
        reconcile()
    }

    private func answer(_ request: Request) {
        if session.isPeerGone { return }
        var reply = Reply(number: executed, units: 1, isGated: false)
        switch request {
        case .large: reply.units = 14
        case .gated: reply.isGated = true
        case .attached, .waiting:
            reply.units = 6
            reply.isAttached = true
        default: break
        }
        replies.append(reply)
    }

    private func flush() {
        guard !isClosed else { return }
        if session.isPeerGone {
            replies = []
            return session.sent(.all)
        }
        if hasReset, !replies.isEmpty, !replies[0].isGated {
            session.sent(.broken)
            return dropIfGone()
        }
        while let first = replies.first, !first.isGated {
            let units = isHurrying ? first.units : min(first.units, sendable)
            guard units > 0 else { return session.sent(.some) }
            if !isHurrying { inFlight += units }
            replies[0].units -= units
            guard replies[0].units == 0 else { return session.sent(.some) }
            if first.number >= 0 {
                if first.number != answered { fail("reply \(first.number) in the place of \(answered)") }
                answered += 1
            }
            replies.removeFirst()
        }
        session.sent(.all)
    }

    private func dropIfGone() {
        if session.isPeerGone { replies = [] }
    }

    private func reconcile() {
        guard !isClosed else { return }
        let notices = lostNotices
        let isAtRest = session.isAtRest && output.isEmpty && output.gates == 0
        session.noteHeld(output)
        if session.tellsLost(output) {
            lostNotices += 1
            replies.append(Reply(number: -1, units: 1, isGated: false))
            flush()
        }
        session.count(isOverShare: isOver && output.unsent > 0)
        let actions = session.reconciled(output)
        if isAtRest, !actions.isEmpty || !session.isAtRest || lostNotices > notices {
            fail("at rest there is something to be done: \(actions)")
        }
        perform(actions)
    }

    private func perform(_ actions: Session.Actions) {
        if actions.contains(.list) { isReady = true }
        if actions.contains(.tellEnd) { tellEnd() }
        if actions.contains(.close) {
            if !replies.isEmpty || !batch.isEmpty || !lines.isEmpty { fail("it closes with something left") }
            isClosed = true
            session.closed()
        } else if actions.contains(.remove) {
            watched = nil
            news = []
        } else if actions.contains(.add) || actions.contains(.modify) {
            if actions.contains(.add) != (watched == nil) { fail("epoll is asked for \(actions)") }
            watched = session.watched
            news = []
            report(level)
        }
    }

    private func tellEnd() {
        toldEnd += 1
        if toldEnd > 1 { fail("the executor is told of the end \(toldEnd) times") }
    }

    // MARK: what must hold

    /// Nothing is left to do that only someone has forgotten.
    private func checkRest() {
        let output = output
        if session.requests == .executing { fail("requests are left executing") }
        if output.gates >= Self.gatesMax + Self.batchMax {
            fail("it is read with \(output.gates) replies held back")
        }
        if !session.isPeerGone, let first = replies.first, !first.isGated, sendable > 0 {
            fail("replies that could be sent are not")
        }
        if session.isHeld(output) {
            if output.isEmpty { fail("nothing holds it up") }
            return
        }
        switch session.requests {
        case .executing: break
        case .parsing:
            if batch != [.long] { fail("nothing is parsed") }
        case .suspended:
            if batch.first != .waiting { fail("it is suspended for nothing") }
        case .none:
            if !lines.isEmpty { fail("lines are left") }
            let isFull = output.gates >= Self.gatesMax
            if !unread.isEmpty, !isFull, session.input == .open { fail("input is left unread") }
            if hasEnded, unread.isEmpty, !isFull, session.input == .open { fail("the end is not seen") }
            if session.input != .open, output.isEmpty { fail("it is not closed") }
        }
    }

    /// All that can be waited for comes, and the peer ends: everything has to come to its end.
    func finish() {
        happens(.closesItsHalf)
        for _ in 0..<1000 where !isClosed && problem == nil {
            for happening in [Happening.wakes, .commits, .shareIsFree, .isParsed, .reads] {
                happens(happening)
                run()
            }
        }
        guard problem == nil else { return }
        if !isClosed { return fail("it is never closed: \(session.phase(output))") }
        if toldEnd != 1 { fail("the executor is told of the end \(toldEnd) times") }
        if !hasReset, executed != asked || answered != asked {
            fail("\(asked) requests, \(executed) executed, \(answered) answered")
        }
    }
}
