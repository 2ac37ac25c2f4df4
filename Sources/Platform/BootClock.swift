internal import Glibc

/// Time since the machine started, its sleep included: what no change of the wall clock moves.
package enum BootClock {
    /// Milliseconds of `CLOCK_BOOTTIME`.
    package static var nowMs: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Nanoseconds of `CLOCK_MONOTONIC`, for measuring.
    package static var nowNs: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
