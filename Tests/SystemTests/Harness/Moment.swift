import Glibc

/// A point in time that no clock setting moves.
struct Moment: Comparable {
    private let nanoseconds: Int64

    static var now: Moment {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Moment(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    static func after(seconds: Double) -> Moment {
        Moment(nanoseconds: now.nanoseconds + Int64(seconds * 1_000_000_000))
    }

    static func < (one: Moment, other: Moment) -> Bool { one.nanoseconds < other.nanoseconds }

    /// Seconds since then.
    var age: Double { Double(Moment.now.nanoseconds - nanoseconds) / 1_000_000_000 }

    /// Milliseconds until then, as `poll` takes them: 0 where it is over.
    var remainingMs: Int32 {
        Int32(clamping: max(0, (nanoseconds - Moment.now.nanoseconds + 999_999) / 1_000_000))
    }
}
