/// What memod asks of the helper.
package enum LinkRequest: Equatable, Sendable {
    /// The first frame.
    case hello(Hello)
    /// Send the log's lines behind this place from now on; `nil`: only those to come.
    case follow(after: LogPosition?)
    case lookup(Lookup)
    /// Written behind: no reply.
    case put(Put)
    /// What the epochs of these fields are.
    case epochs(id: UInt64, [EpochField])
    /// The same of these about once a second from now on, and no longer of those of before: each answer was asked for after
    /// the one before it was sent.
    case watch(id: UInt64, [EpochField])
    /// Raise them, each at least to the number beside it. With 0 one is made if there is none.
    case raise(id: UInt64, [Raise])
    case tombstone(id: UInt64, function: [UInt8], key: [UInt8], Generation)
    /// Another host may compute: this one does not, or no longer.
    case release(function: [UInt8], key: [UInt8], lease: UInt64)
    case ping(id: UInt64)

    package struct Hello: Equatable, Sendable {
        package static let version: UInt64 = 2
        package var version: UInt64 = Self.version
        package var namespace: [UInt8]
        /// Of this run of memod: its own lines in the log bear it.
        package var instance: UInt64
        /// The largest value that is sent.
        package var valueMax: UInt64
        /// What may wait to be written.
        package var queueBytes: UInt64
        package var isReadOnly: Bool

        package init(
            namespace: [UInt8], instance: UInt64, valueMax: UInt64, queueBytes: UInt64, isReadOnly: Bool
        ) {
            self.namespace = namespace
            self.instance = instance
            self.valueMax = valueMax
            self.queueBytes = queueBytes
            self.isReadOnly = isReadOnly
        }
    }

    package struct Lookup: Equatable, Sendable {
        /// The most keys of one.
        package static let keysMax = 16_384
        package var id: UInt64
        package var budgetMs: UInt64
        package var function: [UInt8]
        package var keys: [[UInt8]]
        /// Answered first, if they are asked for.
        package var epochs: [EpochField]
        /// Taken for the only key, unless another host has one.
        package var lease: Lease?

        package struct Lease: Equatable, Sendable {
            /// Tells it from those of other hosts; not 0.
            package var token: UInt64
            package var lifeMs: UInt64

            package init(token: UInt64, lifeMs: UInt64) {
                self.token = token
                self.lifeMs = lifeMs
            }
        }

        package init(
            id: UInt64, budgetMs: UInt64, function: [UInt8], keys: [[UInt8]], epochs: [EpochField] = [],
            lease: Lease? = nil
        ) {
            self.lease = lease
            self.id = id
            self.budgetMs = budgetMs
            self.function = function
            self.keys = keys
            self.epochs = epochs
        }
    }

    package struct Put: Equatable, Sendable {
        package var function: [UInt8]
        package var key: [UInt8]
        package var entry: SharedValue
        /// The lease that ends with it; 0: there is none.
        package var lease: UInt64 = 0

        package init(function: [UInt8], key: [UInt8], entry: SharedValue) {
            self.function = function
            self.key = key
            self.entry = entry
        }
    }

    package struct Raise: Equatable, Sendable {
        package var field: EpochField
        package var least: Epoch

        package init(_ field: EpochField, least: Epoch) {
            self.field = field
            self.least = least
        }
    }

    private enum Kind: UInt8 {
        case hello = 1
        case follow, lookup, put, epochs, raise, tombstone, ping, release, watch
    }

    package var frame: [UInt8] {
        var writer = FrameWriter()
        switch self {
        case .hello(let hello):
            writer.kind(Kind.hello)
            writer.number(hello.version)
            writer.string(hello.namespace)
            writer.number(hello.instance)
            writer.number(hello.valueMax)
            writer.number(hello.queueBytes)
            writer.flag(hello.isReadOnly)
        case .follow(let position):
            writer.kind(Kind.follow)
            writer.byte(position == nil ? 0 : 1)
            writer.position(position ?? .start)
        case .lookup(let lookup):
            writer.kind(Kind.lookup)
            writer.number(lookup.id)
            writer.number(lookup.budgetMs)
            writer.string(lookup.function)
            writer.list(lookup.keys) { $0.string($1) }
            writer.list(lookup.epochs) { $0.string($1.bytes) }
            writer.number(lookup.lease?.token ?? 0)
            writer.number(lookup.lease?.lifeMs ?? 0)
        case .put(let put):
            writer = FrameWriter(reserving: put.entry.value.count + put.key.count + put.function.count + 96)
            writer.kind(Kind.put)
            writer.string(put.function)
            writer.string(put.key)
            writer.number(put.lease)
            writer.shared(put.entry)
        case .epochs(let id, let fields):
            writer.kind(Kind.epochs)
            writer.number(id)
            writer.list(fields) { $0.string($1.bytes) }
        case .watch(let id, let fields):
            writer.kind(Kind.watch)
            writer.number(id)
            writer.list(fields) { $0.string($1.bytes) }
        case .raise(let id, let raises):
            writer.kind(Kind.raise)
            writer.number(id)
            writer.list(raises) { writer, raise in
                writer.string(raise.field.bytes)
                writer.number(raise.least)
            }
        case .tombstone(let id, let function, let key, let generation):
            writer.kind(Kind.tombstone)
            writer.number(id)
            writer.string(function)
            writer.string(key)
            writer.generation(generation)
        case .release(let function, let key, let lease):
            writer.kind(Kind.release)
            writer.string(function)
            writer.string(key)
            writer.number(lease)
        case .ping(let id):
            writer.kind(Kind.ping)
            writer.number(id)
        }
        return writer.finish()
    }

    /// - Parameter frame: without its length.
    package init(_ frame: ArraySlice<UInt8>) throws(FrameError) {
        var reader = FrameReader(frame)
        switch try reader.kind(of: "a request") as Kind {
        case .hello:
            var hello = Hello(namespace: [], instance: 0, valueMax: 0, queueBytes: 0, isReadOnly: false)
            hello.version = try reader.number()
            guard hello.version == Hello.version else {
                throw FrameError(
                    "memod speaks version \(hello.version) of the link, this helper \(Hello.version)")
            }
            hello.namespace = try reader.string()
            hello.instance = try reader.number()
            hello.valueMax = try reader.number()
            hello.queueBytes = try reader.number()
            hello.isReadOnly = try reader.flag()
            self = .hello(hello)
        case .follow:
            let isGiven = try reader.flag()
            let position = try reader.logPosition()
            self = .follow(after: isGiven ? position : nil)
        case .lookup:
            var lookup = Lookup(
                id: try reader.number(), budgetMs: try reader.number(), function: try reader.string(),
                keys: try reader.list(most: Lookup.keysMax) { reader throws(FrameError) in try reader.string()
                },
                epochs: try reader.fields())
            let (token, lifeMs) = (try reader.number(), try reader.number())
            if token != 0 { lookup.lease = Lookup.Lease(token: token, lifeMs: lifeMs) }
            self = .lookup(lookup)
        case .put:
            let (function, key, lease) = (try reader.string(), try reader.string(), try reader.number())
            var put = Put(function: function, key: key, entry: try reader.shared())
            put.lease = lease
            self = .put(put)
        case .epochs: self = .epochs(id: try reader.number(), try reader.fields())
        case .watch: self = .watch(id: try reader.number(), try reader.fields())
        case .raise:
            self = .raise(
                id: try reader.number(),
                try reader.list(each: 2) { reader throws(FrameError) in
                    Raise(try reader.field(), least: try reader.number())
                })
        case .tombstone:
            self = .tombstone(
                id: try reader.number(), function: try reader.string(), key: try reader.string(),
                try reader.generation())
        case .release:
            self = .release(
                function: try reader.string(), key: try reader.string(), lease: try reader.number())
        case .ping: self = .ping(id: try reader.number())
        }
        try reader.end()
    }
}

extension FrameWriter {
    mutating func position(_ position: LogPosition) {
        number(position.ms)
        number(position.sequence)
    }
}

extension FrameReader {
    mutating func logPosition() throws(FrameError) -> LogPosition {
        LogPosition(ms: try number(), sequence: try number())
    }

    mutating func field() throws(FrameError) -> EpochField {
        guard let field = EpochField(try string()) else { throw FrameError("a field of no known kind") }
        return field
    }

    mutating func fields() throws(FrameError) -> [EpochField] {
        try list(each: 2) { reader throws(FrameError) in try reader.field() }
    }
}
