/// What the helper tells memod.
package enum LinkReply: Equatable, Sendable {
    /// How the server is reached, whenever that changes.
    case state(State)
    /// Some keys of a look-up, `foundMax` at most. The last of them end it.
    case found(id: UInt64, [Found], isLast: Bool)
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

    /// How many keys a frame tells of.
    package static let foundMax = 256

    /// What became of one key of a look-up.
    package struct Found: Equatable, Sendable {
        /// Which of its keys.
        package var index: UInt64
        package var finding: Finding

        package init(_ index: UInt64, _ finding: Finding) {
            self.index = index
            self.finding = finding
        }

        /// What it takes in a frame, about.
        package var size: Int {
            guard case .hit(let value) = finding else { return 32 }
            return value.tags.reduce(value.value.count + 96) { $0 + $1.name.count + 16 }
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
            writer.kind(Kind.state)
            writer.kind(state.phase)
            writer.flag(state.isReadOnly)
            writer.string(state.reason.utf8)
            writer.list(state.nodes) { writer, node in
                writer.string(node.address.utf8)
                writer.flag(node.isUp)
                writer.number(node.roundTripMicroseconds)
            }
        case .found(let id, let found, let isLast):
            writer = FrameWriter(reserving: found.reduce(32) { $0 + $1.size })
            writer.kind(Kind.found)
            writer.number(id)
            writer.list(found) { $0.found($1) }
            writer.flag(isLast)
        case .taken(let id):
            writer.kind(Kind.taken)
            writer.number(id)
        case .epochs(let id, let epochs):
            writer.kind(Kind.epochs)
            writer.number(id)
            writer.list(epochs) { $0.number($1) }
        case .deleted(let id):
            writer.kind(Kind.deleted)
            writer.number(id)
        case .failed(let id, let failure):
            writer.kind(Kind.failed)
            writer.number(id)
            writer.kind(failure)
        case .events(let events, let position, let isCaughtUp):
            writer.kind(Kind.events)
            writer.list(events) { $0.event($1) }
            writer.position(position)
            writer.flag(isCaughtUp)
        case .gap: writer.kind(Kind.gap)
        case .identity(let identity):
            writer.kind(Kind.identity)
            writer.string(identity)
        case .counts(let counts):
            writer.kind(Kind.counts)
            writer.number(counts.puts)
            writer.number(counts.putsRefused)
            writer.number(counts.putsDropped)
            writer.number(counts.errors)
            writer.number(counts.queued)
        case .pong(let id, let microseconds):
            writer.kind(Kind.pong)
            writer.number(id)
            writer.number(microseconds)
        }
        return writer.finish()
    }

    /// - Parameter frame: without its length.
    package init(_ frame: ArraySlice<UInt8>) throws(FrameError) {
        var reader = FrameReader(frame)
        switch try reader.kind(of: "a reply") as Kind {
        case .state: self = .state(try reader.state())
        case .found:
            self = .found(
                id: try reader.number(),
                try reader.list(each: 3, most: Self.foundMax) { reader throws(FrameError) in
                    try reader.found()
                },
                isLast: try reader.flag())
        case .taken: self = .taken(id: try reader.number())
        case .epochs:
            self = .epochs(
                id: try reader.number(), try reader.list { reader throws(FrameError) in try reader.number() })
        case .deleted: self = .deleted(id: try reader.number())
        case .failed: self = .failed(id: try reader.number(), try reader.failure())
        case .events:
            self = .events(
                try reader.list(each: 2) { reader throws(FrameError) in try reader.event() },
                through: try reader.logPosition(), isCaughtUp: try reader.flag())
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

extension FrameWriter {
    fileprivate mutating func found(_ found: LinkReply.Found) {
        number(found.index)
        switch found.finding {
        case .hit(let value):
            byte(1)
            shared(value)
        case .miss(let generation):
            byte(2)
            self.generation(generation)
        case .failed(let failure):
            byte(3)
            kind(failure)
        }
    }
}

extension FrameReader {
    fileprivate mutating func found() throws(FrameError) -> LinkReply.Found {
        LinkReply.Found(try number(), try finding())
    }

    fileprivate mutating func failure() throws(FrameError) -> LinkReply.Failure {
        try kind(of: "a failure")
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
        LinkReply.State(
            phase: try kind(of: "a state"), isReadOnly: try flag(),
            reason: String(decoding: try string(), as: UTF8.self),
            nodes: try list(each: 3) { reader throws(FrameError) in
                LinkReply.State.Node(
                    address: String(decoding: try reader.string(), as: UTF8.self),
                    isUp: try reader.flag(), roundTripMicroseconds: try reader.number())
            })
    }
}
