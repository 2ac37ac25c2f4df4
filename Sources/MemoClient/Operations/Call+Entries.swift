internal import MemoWire

extension Call where Result == Lookup {
    /// Looks a value up.
    public static func get(_ function: String, _ key: JSONText, _ options: GetOptions = GetOptions()) -> Call
    {
        var request = RequestLine(.get)
        request.add("fn", string: function)
        request.add("key", json: key)
        request.add("lease_ms", options.lease)
        request.add("wait_ms", options.wait)
        request.add("early", number: options.early)
        request.add("meta", flag: options.meta)
        return Call(request, patience: options.wait ?? .zero) { reply throws(MemoError) in try Lookup(reply) }
    }
}

extension Call where Result == [Lookup] {
    /// Looks up to 1024 values up; the answers are in order.
    public static func mget(_ function: String, _ keys: [JSONText]) -> Call {
        var request = RequestLine(.mget)
        request.add("fn", string: function)
        request.add("keys", list: keys) { text, key in text += key.bytes }
        let count = keys.count
        return Call(request) { reply throws(MemoError) in
            var lookups: [Lookup] = []
            for result in try reply.require(reply.list("results"), "results") {
                lookups.append(try Lookup(Reply(result)))
            }
            guard lookups.count == count else {
                throw MemoError(.malformedReply, "\(lookups.count) results for \(count) keys")
            }
            return lookups
        }
    }
}

extension Call where Result == PutOutcome {
    /// Stores a value.
    public static func put(
        _ function: String, _ key: JSONText, _ value: JSONText, _ options: PutOptions = PutOptions()
    ) -> Call {
        var request = RequestLine(.put)
        request.add("fn", string: function)
        request.add("key", json: key)
        request.add("value", json: value)
        options.add(to: &request)
        return Call(request) { reply throws(MemoError) in try PutOutcome(reply) }
    }
}

extension Call where Result == Int64 {
    /// Stores up to 1024 values, and answers how many were stored.
    public static func mput(_ function: String, _ entries: [Entry]) -> Call {
        var request = RequestLine(.mput)
        request.add("fn", string: function)
        request.add("entries", list: entries) { text, entry in
            var fields = RequestLine()
            fields.add("key", json: entry.key)
            fields.add("value", json: entry.value)
            entry.options.add(to: &fields)
            text += fields.object
        }
        return count(request, "stored")
    }

    /// Removes one entry, and answers how many there were: 0 or 1.
    public static func delete(_ function: String, _ key: JSONText) -> Call {
        var request = RequestLine(.delete)
        request.add("fn", string: function)
        request.add("key", json: key)
        return count(request, "deleted")
    }

    /// Removes all entries of a function and zeroes its counters; answers how many there were.
    public static func clear(function: String) -> Call {
        var request = RequestLine(.clear)
        request.add("fn", string: function)
        return count(request, "cleared")
    }

    /// Removes all entries with a tag; answers how many there were.
    public static func clear(tag: String) -> Call {
        var request = RequestLine(.clear)
        request.add("tag", string: tag)
        return count(request, "cleared")
    }

    /// Removes all entries of the functions whose names match, and zeroes their counters; answers how many there were.
    /// Of those that `clearAll` reaches.
    /// - Parameter pattern: `*` stands for any bytes, `?` for one.
    public static func clear(pattern: String) -> Call {
        var request = RequestLine(.clear)
        request.add("pattern", string: pattern)
        return count(request, "cleared")
    }

    /// Removes everything that the caller may clear; answers how many entries there were.
    public static func clearAll() -> Call {
        var request = RequestLine(.clear)
        request.add("all", flag: true)
        return count(request, "cleared")
    }

    private static func count(_ request: RequestLine, _ name: String) -> Call {
        Call(request) { reply throws(MemoError) in
            // A single entry is answered as 0 or 1, and a daemon may say so with a truth value.
            try reply.require(reply.int(name) ?? reply.bool(name).map { $0 ? 1 : 0 }, name)
        }
    }
}

extension Call where Result == Bool {
    /// Gives a lease back without a value; answers whether it was held.
    public static func release(_ function: String, _ key: JSONText, lease: String) -> Call {
        var request = RequestLine(.release)
        request.add("fn", string: function)
        request.add("key", json: key)
        request.add("lease", string: lease)
        return Call(request) { reply throws(MemoError) in try truth(reply, "released") }
    }

    /// Begins an entry's life anew; answers whether it was there.
    public static func touch(_ function: String, _ key: JSONText, ttl: Lifetime) -> Call {
        var request = RequestLine(.touch)
        request.add("fn", string: function)
        request.add("key", json: key)
        request.add("ttl_ms", ttl)
        return Call(request) { reply throws(MemoError) in try truth(reply, "touched") }
    }

    private static func truth(_ reply: Reply, _ name: String) throws(MemoError) -> Bool {
        try reply.require(reply.bool(name) ?? reply.int(name).map { $0 != 0 }, name)
    }
}
