internal import MemoWire

extension Call where Result == FunctionInfo {
    /// The counters and the profile of a function; zeroes for one never seen.
    /// - Parameter mismatches: whether `FunctionInfo.mismatches` has them; only for a daemon with the feature
    ///   `verify`.
    public static func info(_ function: String, mismatches: Bool = false) -> Call {
        var request = RequestLine(.info)
        request.add("fn", string: function)
        request.add("mismatches", flag: mismatches)
        return Call(request) { reply throws(MemoError) in try FunctionInfo(reply, name: function) }
    }
}

extension Call where Result == FunctionProfile {
    /// Changes a function's profile, and answers it as it now is.
    public static func define(_ function: String, _ profile: Profile) -> Call {
        var request = RequestLine(.define)
        request.add("fn", string: function)
        request.add("maxsize", profile.maxsize)
        request.add("ttl_ms", profile.ttl)
        request.add("stale_ms", profile.stale)
        request.add("typed", bool: profile.typed)
        request.add("persist", bool: profile.persist)
        request.add("max_bytes", profile.maxBytes)
        request.add("remote", profile.remote)
        request.add("coherent", bool: profile.coherent)
        request.add("remote_lease", bool: profile.remoteLease)
        return Call(request) { reply throws(MemoError) in try FunctionProfile(reply) }
    }
}

extension Call where Result == Forgotten {
    /// Removes a function's entries, counters and settings.
    public static func forget(function: String) -> Call { forget("fn", function) }

    /// The same for all functions whose names match, of those that `clearAll` reaches.
    /// - Parameter pattern: `*` stands for any bytes, `?` for one.
    public static func forget(pattern: String) -> Call { forget("pattern", pattern) }

    private static func forget(_ field: StaticString, _ name: String) -> Call {
        var request = RequestLine(.forget)
        request.add(field, string: name)
        return Call(request) { reply throws(MemoError) in
            Forgotten(
                functions: try reply.require(reply.int("forgotten"), "forgotten"),
                entries: try reply.require(reply.int("cleared"), "cleared"))
        }
    }
}

extension Call where Result == Page<FunctionInfo> {
    /// The functions that the caller may see.
    /// - Parameters:
    ///   - limit: rows of a page, at most 1000.
    ///   - after: `next` of the page before.
    ///   - pattern: only those whose names match: `*` stands for any bytes, `?` for one.
    public static func functions(limit: Int? = nil, after: String? = nil, pattern: String? = nil) -> Call {
        var request = RequestLine(.functions)
        request.add("pattern", string: pattern)
        request.add("limit", number: limit)
        request.add("after", string: after)
        return Call(request) { reply throws(MemoError) in
            var rows: [FunctionInfo] = []
            for row in try reply.require(reply.list("functions"), "functions") {
                rows.append(try FunctionInfo(Reply(row)))
            }
            return Page(rows: rows, next: reply.string("next"))
        }
    }
}

extension Call where Result == Page<Reply> {
    /// The entries of a function: rows with `key`, `bytes`, `age_ms`, `tier`.
    /// - Parameters:
    ///   - limit: rows of a page, at most 1000.
    ///   - after: `next` of the page before.
    public static func keys(_ function: String, limit: Int? = nil, after: String? = nil) -> Call {
        var request = RequestLine(.keys)
        request.add("fn", string: function)
        request.add("limit", number: limit)
        request.add("after", string: after)
        return Call(request) { reply throws(MemoError) in
            var rows: [Reply] = []
            for row in try reply.require(reply.list("keys"), "keys") { rows.append(try Reply(row)) }
            return Page(rows: rows, next: reply.string("next"))
        }
    }
}

extension Call where Result == Void {
    /// Adds hits that a client served within its own process.
    /// - Parameter verification: what came of hits that it computed again; only for a daemon with the feature
    ///   `verify`.
    public static func report(
        _ function: String, hits: Int64, saved: Duration? = nil, verification: VerificationReport? = nil
    ) -> Call {
        var request = RequestLine(.report)
        request.add("fn", string: function)
        request.add("hits", number: hits)
        request.add("saved_ms", saved)
        verification?.add(to: &request)
        return Call(request) { _ throws(MemoError) in }
    }
}
