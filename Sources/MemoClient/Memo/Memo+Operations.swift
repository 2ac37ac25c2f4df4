internal import MemoRegion

/// The operations of the protocol, each as the call of the same name makes it.
extension Memo {
    /// Looks a value up.
    public func get(_ function: String, _ key: JSONText, _ options: GetOptions = GetOptions())
        async throws(MemoError) -> Lookup
    {
        guard options.allowsPublished else { return try await perform(.get(function, key, options)) }
        if let hit = published.find(function, key) { return Lookup(published: hit.value) }
        let lookup = try await perform(.get(function, key, options))
        if lookup.value != nil { published.answered(function, inBackground: true) }
        return lookup
    }

    /// Looks up to 1024 values up; the answers are in order.
    public func mget(_ function: String, _ keys: [JSONText]) async throws(MemoError) -> [Lookup] {
        let hits = keys.map { published.find(function, $0) }
        let missing = zip(keys, hits).compactMap { $1 == nil ? $0 : nil }
        guard missing.count < keys.count else {
            let lookups = try await perform(.mget(function, keys))
            if lookups.contains(where: { $0.value != nil }) {
                published.answered(function, inBackground: true)
            }
            return lookups
        }
        var asked = missing.isEmpty ? [] : try await perform(.mget(function, missing))[...]
        return hits.map { $0.map { Lookup(published: $0.value) } ?? asked.removeFirst() }
    }

    /// Stores a value.
    @discardableResult
    public func put(
        _ function: String, _ key: JSONText, _ value: JSONText, _ options: PutOptions = PutOptions()
    ) async throws(MemoError) -> PutOutcome {
        try await perform(.put(function, key, value, options))
    }

    /// Stores up to 1024 values, and answers how many were stored.
    @discardableResult
    public func mput(_ function: String, _ entries: [Entry]) async throws(MemoError) -> Int64 {
        try await perform(.mput(function, entries))
    }

    /// Removes one entry, and answers how many there were: 0 or 1.
    @discardableResult
    public func delete(_ function: String, _ key: JSONText) async throws(MemoError) -> Int64 {
        try await perform(.delete(function, key))
    }

    /// Removes all entries of a function and zeroes its counters; answers how many there were.
    @discardableResult
    public func clear(function: String) async throws(MemoError) -> Int64 {
        try await perform(.clear(function: function))
    }

    /// Removes all entries with a tag; answers how many there were.
    @discardableResult
    public func clear(tag: String) async throws(MemoError) -> Int64 {
        try await perform(.clear(tag: tag))
    }

    /// Removes all entries of the functions whose names match, of those that `clearAll` reaches: `*` stands for any
    /// bytes, `?` for one.
    @discardableResult
    public func clear(pattern: String) async throws(MemoError) -> Int64 {
        try await perform(.clear(pattern: pattern))
    }

    /// Removes a function's entries, counters and settings.
    @discardableResult
    public func forget(function: String) async throws(MemoError) -> Forgotten {
        try await perform(.forget(function: function))
    }

    /// The same for all functions whose names match, of those that `clearAll` reaches.
    @discardableResult
    public func forget(pattern: String) async throws(MemoError) -> Forgotten {
        try await perform(.forget(pattern: pattern))
    }

    /// Removes everything that the caller may clear; answers how many entries there were.
    @discardableResult
    public func clearAll() async throws(MemoError) -> Int64 {
        try await perform(.clearAll())
    }

    /// Gives a lease back without a value; answers whether it was held.
    @discardableResult
    public func release(_ function: String, _ key: JSONText, lease: String) async throws(MemoError) -> Bool {
        try await perform(.release(function, key, lease: lease))
    }

    /// Begins an entry's life anew; answers whether it was there.
    @discardableResult
    public func touch(_ function: String, _ key: JSONText, ttl: Lifetime) async throws(MemoError) -> Bool {
        try await perform(.touch(function, key, ttl: ttl))
    }

    /// Changes a function's settings, and answers them as they now are.
    @discardableResult
    public func define(_ function: String, _ profile: Profile) async throws(MemoError) -> FunctionProfile {
        try await perform(.define(function, profile))
    }

    /// The counters and the settings of a function; zeroes for one never seen.
    public func info(_ function: String) async throws(MemoError) -> FunctionInfo {
        try await perform(.info(function))
    }

    /// Adds hits that were served elsewhere.
    public func report(_ function: String, hits: Int64, saved: Duration? = nil) async throws(MemoError) {
        try await perform(.report(function, hits: hits, saved: saved))
    }

    /// A page of the functions that the caller may see; `after` is `next` of the page before, `pattern` what names match.
    public func functions(limit: Int? = nil, after: String? = nil, pattern: String? = nil)
        async throws(MemoError) -> Page<
            FunctionInfo
        >
    {
        try await perform(.functions(limit: limit, after: after, pattern: pattern))
    }

    /// A page of a function's entries: rows with `key`, `bytes`, `age_ms`, `tier`.
    public func keys(_ function: String, limit: Int? = nil, after: String? = nil) async throws(MemoError)
        -> Page<Reply>
    {
        try await perform(.keys(function, limit: limit, after: after))
    }

    /// The daemon's totals.
    public func stats() async throws(MemoError) -> Reply {
        try await perform(.stats())
    }

    /// What became of an entry: `state`, and when and by what. Not a use.
    /// - Parameter remote: whether `remote` is to say what other machines have.
    public func why(_ function: String, _ key: JSONText, remote: Bool = false) async throws(MemoError)
        -> Reply
    {
        try await perform(.why(function, key, remote: remote))
    }

    /// Returns once every write acknowledged before is committed.
    public func sync() async throws(MemoError) {
        try await perform(.sync())
    }

    /// Has the daemon write a consistent copy of the database; administrators only.
    public func backup(path: String) async throws(MemoError) {
        try await perform(.backup(path: path))
    }

    /// Asks whether the daemon answers.
    public func ping() async throws(MemoError) {
        try await perform(.ping())
    }

    /// The daemon's `server`, `version`, `protocol` and `limits`.
    public func hello() async throws(MemoError) -> Reply {
        try await perform(.hello(client: name))
    }
}
