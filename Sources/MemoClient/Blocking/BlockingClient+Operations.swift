internal import MemoRegion

/// The operations of the protocol, each as the call of the same name makes it.
extension BlockingClient {
    /// Looks a value up.
    public func get(_ function: String, _ key: JSONText, _ options: GetOptions = GetOptions())
        throws(MemoError) -> Lookup
    {
        guard options.allowsPublished else { return try perform(.get(function, key, options)) }
        if let hit = published.find(function, key) { return Lookup(published: hit.value) }
        let lookup = try perform(.get(function, key, options))
        if lookup.value != nil { published.answered(function, inBackground: false) }
        return lookup
    }

    /// Looks up to 1024 values up; the answers are in order.
    public func mget(_ function: String, _ keys: [JSONText]) throws(MemoError) -> [Lookup] {
        let hits = keys.map { published.find(function, $0) }
        let missing = zip(keys, hits).compactMap { $1 == nil ? $0 : nil }
        guard missing.count < keys.count else {
            let lookups = try perform(.mget(function, keys))
            if lookups.contains(where: { $0.value != nil }) {
                published.answered(function, inBackground: false)
            }
            return lookups
        }
        var asked = missing.isEmpty ? [] : try perform(.mget(function, missing))[...]
        return hits.map { $0.map { Lookup(published: $0.value) } ?? asked.removeFirst() }
    }

    /// Stores a value.
    @discardableResult
    public func put(
        _ function: String, _ key: JSONText, _ value: JSONText, _ options: PutOptions = PutOptions()
    ) throws(MemoError) -> PutOutcome {
        try perform(.put(function, key, value, options))
    }

    /// Stores up to 1024 values, and answers how many were stored.
    @discardableResult
    public func mput(_ function: String, _ entries: [Entry]) throws(MemoError) -> Int64 {
        try perform(.mput(function, entries))
    }

    /// Removes one entry, and answers how many there were: 0 or 1.
    @discardableResult
    public func delete(_ function: String, _ key: JSONText) throws(MemoError) -> Int64 {
        try perform(.delete(function, key))
    }

    /// Removes all entries of a function and zeroes its counters; answers how many there were.
    @discardableResult
    public func clear(function: String) throws(MemoError) -> Int64 {
        try perform(.clear(function: function))
    }

    /// Removes all entries with a tag; answers how many there were.
    @discardableResult
    public func clear(tag: String) throws(MemoError) -> Int64 {
        try perform(.clear(tag: tag))
    }

    /// Removes all entries of the functions whose names match, of those that `clearAll` reaches: `*` stands for any
    /// bytes, `?` for one.
    @discardableResult
    public func clear(pattern: String) throws(MemoError) -> Int64 {
        try perform(.clear(pattern: pattern))
    }

    /// Removes a function's entries, counters and settings.
    @discardableResult
    public func forget(function: String) throws(MemoError) -> Forgotten {
        try perform(.forget(function: function))
    }

    /// The same for all functions whose names match, of those that `clearAll` reaches.
    @discardableResult
    public func forget(pattern: String) throws(MemoError) -> Forgotten {
        try perform(.forget(pattern: pattern))
    }

    /// Removes everything that the caller may clear; answers how many entries there were.
    @discardableResult
    public func clearAll() throws(MemoError) -> Int64 {
        try perform(.clearAll())
    }

    /// Gives a lease back without a value; answers whether it was held.
    @discardableResult
    public func release(_ function: String, _ key: JSONText, lease: String) throws(MemoError) -> Bool {
        try perform(.release(function, key, lease: lease))
    }

    /// Begins an entry's life anew; answers whether it was there.
    @discardableResult
    public func touch(_ function: String, _ key: JSONText, ttl: Lifetime) throws(MemoError) -> Bool {
        try perform(.touch(function, key, ttl: ttl))
    }

    /// Changes a function's settings, and answers them as they now are.
    @discardableResult
    public func define(_ function: String, _ profile: Profile) throws(MemoError) -> FunctionProfile {
        try perform(.define(function, profile))
    }

    /// The counters and the settings of a function; zeroes for one never seen.
    public func info(_ function: String) throws(MemoError) -> FunctionInfo {
        try perform(.info(function))
    }

    /// Adds hits that were served elsewhere.
    public func report(_ function: String, hits: Int64, saved: Duration? = nil) throws(MemoError) {
        try perform(.report(function, hits: hits, saved: saved))
    }

    /// A page of the functions that the caller may see; `after` is `next` of the page before, `pattern` what names match.
    public func functions(limit: Int? = nil, after: String? = nil, pattern: String? = nil) throws(MemoError)
        -> Page<FunctionInfo>
    {
        try perform(.functions(limit: limit, after: after, pattern: pattern))
    }

    /// A page of a function's entries: rows with `key`, `bytes`, `age_ms`, `tier`.
    public func keys(_ function: String, limit: Int? = nil, after: String? = nil) throws(MemoError) -> Page<
        Reply
    > {
        try perform(.keys(function, limit: limit, after: after))
    }

    /// The daemon's totals.
    public func stats() throws(MemoError) -> Reply {
        try perform(.stats())
    }

    /// What became of an entry: `state`, and when and by what. Not a use.
    /// - Parameter remote: whether `remote` is to say what other machines have.
    public func why(_ function: String, _ key: JSONText, remote: Bool = false) throws(MemoError) -> Reply {
        try perform(.why(function, key, remote: remote))
    }

    /// Returns once every write acknowledged before is committed.
    public func sync() throws(MemoError) {
        try perform(.sync())
    }

    /// Has the daemon write a consistent copy of the database; administrators only.
    public func backup(path: String) throws(MemoError) {
        try perform(.backup(path: path))
    }

    /// Asks whether the daemon answers.
    public func ping() throws(MemoError) {
        try perform(.ping())
    }

    /// The daemon's `server`, `version`, `protocol` and `limits`.
    public func hello() throws(MemoError) -> Reply {
        try perform(.hello())
    }
}
