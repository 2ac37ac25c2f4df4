internal import MemoClient
internal import MemoWire

/// Stores what an export wrote. Storing an entry twice is storing it once, so a broken import may be repeated from
/// any line before the break.
struct Importer {
    struct Figures: Equatable {
        var functions: Int64 = 0
        var stored: Int64 = 0
        /// Their time was over before they came here.
        var expired: Int64 = 0
        /// The daemon did not take them: `maxsize` 0, or too large.
        var refused: Int64 = 0
    }

    private static let batchEntries = 512
    private static let batchBytes = 2 << 20

    private let client: BlockingClient
    private(set) var figures = Figures()
    /// How long ago the export was made, in milliseconds; `nil` until its first line was read.
    private(set) var age: Int64?
    /// Whether an export has begun and not ended.
    private var isWithin: Bool
    /// Whether another one began before the end of the last.
    private var hasGap = false
    private var function = ""
    private var batch: [Entry] = []
    private var weight = 0

    /// - Parameter age: of the export, where its first line was read by an earlier run.
    init(_ client: BlockingClient, age: Int64? = nil) {
        self.client = client
        self.age = age
        isWithin = age != nil
    }

    /// Whether all that was exported came: there was an export, and it ended.
    var isComplete: Bool { age != nil && !isWithin && !hasGap }

    /// Takes one line.
    /// - Throws: `invalidArgument` if it is not a line of an export, and whatever storing throws.
    mutating func take(_ line: [UInt8]) throws(MemoError) {
        let object: Reply
        do {
            object = try Reply(parsing: line)
        } catch {
            throw MemoError(.invalidArgument, "not JSON: \(error.message)")
        }
        if object["done"] != nil {
            if object.bool("done") == true { isWithin = false }
            return
        }
        if let version = object.int("memod_export") {
            guard version == 1 else { throw MemoError(.invalidArgument, "an export of version \(version)") }
            age = max(0, WallClock.unixMilliseconds() - (object.int("at_ms") ?? 0))
            if isWithin { hasGap = true }
            isWithin = true
        } else if age == nil {
            throw MemoError(.invalidArgument, "the first line is not that of an export")
        } else if let name = object.string("define") {
            try flush()
            try define(name, object)
        } else {
            try add(object)
        }
    }

    /// Stores what was taken and not stored yet.
    mutating func flush() throws(MemoError) {
        guard !batch.isEmpty else { return }
        let stored = try store()
        figures.stored += stored
        figures.refused += Int64(batch.count) - stored
        batch = []
        weight = 0
    }

    /// - Returns: how many the daemon took.
    private func store() throws(MemoError) -> Int64 {
        do throws(MemoError) {
            return try client.perform(.mput(function, batch))
        } catch {
            // In a request with many, a value is two levels deeper than in one of its own.
            guard error.code == .badJSON else { throw error }
            var stored: Int64 = 0
            for entry in batch {
                let outcome = try client.perform(.put(function, entry.key, entry.value, entry.options))
                if case .stored = outcome { stored += 1 }
            }
            return stored
        }
    }

    private mutating func define(_ name: String, _ object: Reply) throws(MemoError) {
        var profile = Profile(typed: object.bool("typed"))
        if object.isNull("maxsize") { profile.maxsize = .unlimited }
        if let maxsize = object.int("maxsize") { profile.maxsize = .entries(maxsize) }
        if object.isNull("ttl_ms") { profile.ttl = .forever }
        if let ttl = object.int("ttl_ms") { profile.ttl = .lasting(.milliseconds(ttl)) }
        if let stale = object.int("stale_ms") { profile.stale = .milliseconds(stale) }
        profile.persist = object.bool("persist")
        if object.isNull("max_bytes") { profile.maxBytes = .unlimited }
        if let bytes = object.int("max_bytes") { profile.maxBytes = .entries(bytes) }
        _ = try client.perform(.define(name, profile))
        figures.functions += 1
    }

    private mutating func add(_ object: Reply) throws(MemoError) {
        guard let name = object.string("fn"), let key = object["key"], let value = object["value"] else {
            throw MemoError(.invalidArgument, "an entry without fn, key and value")
        }
        var options = PutOptions()
        // Where an export says how long, no grace time is none, whatever the function's own is.
        if object["ttl_ms"] != nil || object["stale_ms"] != nil {
            options.stale = .milliseconds(object.int("stale_ms") ?? 0)
        }
        if object.isNull("ttl_ms") { options.ttl = .forever }
        if let ttl = object.int("ttl_ms") {
            // The time between the export and now has passed for its entries too, first of what they are fresh for.
            let left = ttl - (age ?? 0)
            let grace = (object.int("stale_ms") ?? 0) + min(0, left)
            guard left > 0 || grace > 0 else {
                figures.expired += 1
                return
            }
            options.ttl = .lasting(.milliseconds(max(0, left)))
            options.stale = .milliseconds(grace)
        }
        options.cost = object.int("cost_ms").map { .milliseconds($0) }
        options.tags = (object.list("tags") ?? []).compactMap { (try? $0.value())?.stringValue }
        if name != function || batch.count >= Self.batchEntries || weight >= Self.batchBytes { try flush() }
        function = name
        batch.append(Entry(key: key, value: value, options: options))
        weight += key.bytes.count + value.bytes.count
    }
}
