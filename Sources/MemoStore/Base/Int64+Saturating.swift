extension Int64 {
    /// Counters stop far below the end, so that those which are counted one by one never get there.
    private static let counterMax: Int64 = 1 << 62

    /// Adds to a counter what a client said, as far as it goes.
    @inline(__always)
    mutating func addSaturating(_ more: Int64) {
        let (sum, overflow) = addingReportingOverflow(more)
        self = overflow ? Swift.max(self, Self.counterMax) : Swift.max(self, Swift.min(sum, Self.counterMax))
    }
}
