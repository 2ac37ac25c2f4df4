internal import CLinux

package enum Processors {
    /// How many this process may run on.
    package static var count: Int {
        // As many as a cpu_set_t has bits.
        var mask = [UInt](repeating: 0, count: 1024 / UInt.bitWidth)
        let result = mask.withUnsafeMutableBytes { sched_getaffinity(0, $0.count, $0.baseAddress) }
        return result < 0 ? 1 : mask.reduce(0) { $0 + $1.nonzeroBitCount }
    }
}
