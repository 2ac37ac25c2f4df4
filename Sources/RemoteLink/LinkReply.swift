/// What the helper tells memod.
package enum LinkReply: Equatable, Sendable {
    /// How the server is reached, whenever that changes.
    case state(State)
    /// One key of a look-up. The last of them ends it.
    case found(id: UInt64, index: UInt64, isLast: Bool, Finding)
    /// Another host has the lease that a look-up was to take. Comes before what was found.
    case taken(id: UInt64)
    /// The epochs that were asked for, or what they were raised to.
    case epochs(id: UInt64, [Epoch])
    /// A tombstone stands and is in the log.
    case deleted(id: UInt64)
    case failed(id: UInt64, Failure)
    /// Lines of the log, and where it was read to. With `isCaughtUp` there were no more.
    case events([LogEvent], through: LogPosition, isCaughtUp: Bool)
    /// Lines are missing before the next ones: the server lost its log, or it was cut.
    case gap
    /// Which server the log is read from; empty if it does not say. Comes before the log's first lines.
    case identity([UInt8])
    /// Counted since the last such reply.
    case counts(Counts)
    case pong(id: UInt64, microseconds: UInt64)

    package struct State: Equatable, Sendable {
        package enum Phase: UInt8, Sendable { case down, up }
        package var phase: Phase
        /// The server takes no writes from us.
        package var isReadOnly: Bool
        /// Why it is down or read-only, for people.
        package var reason: String
        package var nodes: [Node]

        package struct Node: Equatable, Sendable {
            package var address: String
            package var isUp: Bool
            /// Of the last round trips.
            package var roundTripMicroseconds: UInt64

            package init(address: String, isUp: Bool, roundTripMicroseconds: UInt64) {
                self.address = address
                self.isUp = isUp
                self.roundTripMicroseconds = roundTripMicroseconds
            }
        }

        package init(phase: Phase, isReadOnly: Bool = false, reason: String = "", nodes: [Node] = []) {
            self.phase = phase
            self.isReadOnly = isReadOnly
            self.reason = reason
            self.nodes = nodes
        }
    }

    package enum Finding: Equatable, Sendable {
        case hit(SharedValue)
        /// The generation that a value of now may be put under.
        case miss(Generation)
        case failed(Failure)
    }

    package enum Failure: UInt8, Sendable {
        /// The time was over.
        case timeout = 1
        /// The server cannot be reached, or said no.
        case unavailable
        /// The server takes no writes from us.
        case readOnly
        /// What was found there is no entry of this key, or not for us.
        case invalid
    }

    package struct Counts: Equatable, Sendable {
        package var puts: UInt64 = 0
        /// Put there by others meanwhile, or deleted: refused as it should be.
        package var putsRefused: UInt64 = 0
        package var putsDropped: UInt64 = 0
        package var errors: UInt64 = 0
        package var queued: UInt64 = 0

        package init() {}
    }

    private enum Kind: UInt8 {
        case state = 1
        case found, epochs, deleted, failed, events, gap, counts, pong, identity, taken
    }

    package var frame: [UInt8] {
        var writer = FrameWriter()
        switch self {
        case .state(let state):
            writer.byte(Kind.state.rawValue)
            writer.byte(state.phase.rawValue)
            writer.byte(state.isReadOnly ? 1 : 0)
            writer.string(state.reason.utf8)
            writer.list(state.nodes) { writer, node in
                writer.string(node.address.utf8)
                writer.byte(node.isUp ? 1 : 0)
                writer.number(node.roundTripMicroseconds)
            }
        case .found(let id, let index, let isLast, let finding):
            if case .hit(let value) = finding { writer = FrameWriter(reserving: value.value.count + 96) }
            writer.byte(Kind.found.rawValue)
            writer.number(id)
            writer.number(index)
            writer.byte(isLast ? 1 : 0)
            switch finding {
            case .hit(let value):
                writer.byte(1)
                writer.shared(value)
            case .miss(let generation):
                writer.byte(2)
                writer.generation(generation)
            case .failed(let failure):
                writer.byte(3)
                writer.byte(failure.rawValue)
            }
        case .taken(let id):
            writer.byte(Kind.taken.rawValue)
            writer.number(id)
        case .epochs(let id, let epochs):
            writer.byte(Kind.epochs.rawValue)
            writer.number(id)
            writer.list(epochs) { $0.number($1) }
        case .deleted(let id):
            writer.byte(Kind.deleted.rawValue)
            writer.number(id)
        case .failed(let id, let failure):
            writer.byte(Kind.failed.rawValue)
            writer.number(id)
            writer.byte(failure.rawValue)
        case .events(let events, let position, let isCaughtUp):
            writer.byte(Kind.events.rawValue)
            writer.list(events) { $0.event($1) }
            writer.position(position)
            writer.byte(isCaughtUp ? 1 : 0)
        case .gap: writer.byte(Kind.gap.rawValue)
        case .identity(let identity):
            writer.byte(Kind.identity.rawValue)
            writer.string(identity)
        case .counts(let counts):
            writer.byte(Kind.counts.rawValue)
            writer.number(counts.puts)
            writer.number(counts.putsRefused)
            writer.number(counts.putsDropped)
            writer.number(counts.errors)
            writer.number(counts.queued)
        case .pong(let id, let microseconds):
            writer.byte(Kind.pong.rawValue)
            writer.number(id)
            writer.number(microseconds)
        }
        return writer.finish()
    }

    /// - Parameter frame: without its length.
    package init(_ frame: ArraySlice<UInt8>) throws(FrameError) {
        var reader = FrameReader(frame)
        let number = try reader.byte()
        guard let kind = Kind(rawValue: number) else { throw FrameError("a reply of kind \(number)") }
        switch kind {
        case .state: self = .state(try reader.state())
        case .found:
            self = .found(
                id: try reader.number(), index: try reader.number(), isLast: try reader.byte() != 0,
                try reader.finding())
        case .taken: self = .taken(id: try reader.number())
        case .epochs:
            self = .epochs(
                id: try reader.number(), try reader.list { reader throws(FrameError) in try reader.number() })
        case .deleted: self = .deleted(id: try reader.number())
        case .failed: self = .failed(id: try reader.number(), try reader.failure())
        case .events:
            self = .events(
                try reader.list(each: 2) { reader throws(FrameError) in try reader.event() },
                through: try reader.logPosition(), isCaughtUp: try reader.byte() != 0)
        case .gap: self = .gap
        case .identity: self = .identity(try reader.string())
        case .counts:
            var counts = Counts()
            counts.puts = try reader.number()
            counts.putsRefused = try reader.number()
            counts.putsDropped = try reader.number()
            counts.errors = try reader.number()
            counts.queued = try reader.number()
            self = .counts(counts)
        case .pong: self = .pong(id: try reader.number(), microseconds: try reader.number())
        }
        try reader.end()
    }
}

extension FrameReader {
    fileprivate mutating func failure() throws(FrameError) -> LinkReply.Failure {
        let number = try byte()
        guard let failure = LinkReply.Failure(rawValue: number) else {
            throw FrameError("a failure of kind \(number)")
        }
        return failure
    }

    fileprivate mutating func finding() throws(FrameError) -> LinkReply.Finding {
        switch try byte() {
        case 1: return .hit(try shared())
        case 2: return .miss(try generation())
        case 3: return .failed(try failure())
        case let number: throw FrameError("a finding of kind \(number)")
        }
    }

    fileprivate mutating func state() throws(FrameError) -> LinkReply.State {
        let number = try byte()
        guard let phase = LinkReply.State.Phase(rawValue: number) else {
            throw FrameError("a state of kind \(number)")
        }
        return LinkReply.State(
            phase: phase, isReadOnly: try byte() != 0, reason: String(decoding: try string(), as: UTF8.self),
            nodes: try list(each: 3) { reader throws(FrameError) in
                LinkReply.State.Node(
                    address: String(decoding: try reader.string(), as: UTF8.self),
                    isUp: try reader.byte() != 0, roundTripMicroseconds: try reader.number())
            })
    }
}
