/// What the server does in one step. Each touches the keys of one slot.
package enum Scripts {
    /// Stores a value, unless its key was deleted since the generation that the value was computed under.
    ///
    /// KEYS: value, lease. ARGV: that generation, time to live in ms, envelope, bytes 2 to 17 of which are the generation, and
    /// the lease that ends with it, if there is one. A value keeps the generation of the tombstone that it replaced, so that a
    /// put from before a delete is refused later too.
    package static let put = """
        if ARGV[4] ~= '' and redis.call('GET', KEYS[2]) == ARGV[4] then redis.call('DEL', KEYS[2]) end
        local now = redis.call('GETRANGE', KEYS[1], 1, 16)
        if now ~= '' and now ~= ARGV[1] then return 0 end
        redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])
        return 1
        """

    /// Ends a lease without a value. KEYS: lease. ARGV: whose it is.
    package static let release = """
        if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
        return 0
        """

    /// Raises epochs, and says so in the log.
    ///
    /// KEYS: hash of epochs, log. ARGV: who, then a field and the least that it becomes, in turn; 0: one that is there stays, and
    /// a new one is no news to anyone. The clock is the server's; numbers of 64 bits come as strings and stay below 2^53.
    package static let raise = """
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local raised = {}
        for i = 2, #ARGV, 2 do
          local old = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '0')
          local least = tonumber(ARGV[i + 1])
          local new = string.format('%d', math.max(now, old + 1, least))
          if least == 0 and old > 0 then
            new = string.format('%d', old)
          else
            redis.call('HSET', KEYS[1], ARGV[i], new)
          end
          if least > 0 then
            redis.call('XADD', KEYS[2], 'MAXLEN', '~', 100000, '*', 'e', ARGV[i], 'v', new, 'by', ARGV[1])
          end
          raised[#raised + 1] = new
        end
        return raised
        """

    /// About how many lines the log keeps. A machine that missed more drops what it has.
    package static let logLinesMax = 100_000
}
