internal import Glibc

/// The time of day.
enum WallClock {
    /// `14:03:59`, local time.
    static func time() -> String {
        var now = Glibc.time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        return [parts.tm_hour, parts.tm_min, parts.tm_sec].map { ($0 < 10 ? "0" : "") + "\($0)" }
            .joined(separator: ":")
    }

    /// `14:03`, or `28 Nov 14:03`, local time.
    /// - Parameter milliseconds: since 1970.
    static func moment(_ milliseconds: Int64, withDate: Bool) -> String {
        var time = Int(milliseconds / 1000)
        var parts = tm()
        localtime_r(&time, &parts)
        let clock = [parts.tm_hour, parts.tm_min].map { ($0 < 10 ? "0" : "") + "\($0)" }.joined(
            separator: ":")
        guard withDate else { return clock }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return "\(parts.tm_mday) \(months[Int(parts.tm_mon)]) \(clock)"
    }

    /// Milliseconds since 1970.
    static func unixMilliseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}
