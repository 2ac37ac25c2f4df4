/// Neighbouring steps of one level, of which most may be empty.
struct HistoryBlock: Equatable {
    /// Wall time, ms, of its first step.
    let start: Int64
    /// By the number of the step; a step in which nothing happened is `nil`.
    private(set) var points: [HistoryPoint?]

    init(start: Int64, level: HistoryLevel) {
        self.start = start
        points = Array(repeating: nil, count: level.stepsPerBlock)
    }

    mutating func add(_ point: HistoryPoint, step: Int) {
        if points[step] == nil { points[step] = point } else { points[step]!.add(point) }
    }

    mutating func setGauges(_ gauges: HistoryGauges, step: Int) {
        points[step]?.gauges = gauges
    }

    /// Layout: for each step that is not empty its distance from the one before, the counters, and how far the gauges
    /// are from the step before; all as LEB128, differences in zigzag order.
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        var last = HistoryGauges()
        var lastStep = -1
        for (step, point) in points.enumerated() {
            guard let point else { continue }
            bytes.appendVarint(UInt64(step - lastStep))
            bytes.appendVarint(UInt64(point.counters.hits))
            bytes.appendVarint(UInt64(point.counters.misses))
            bytes.appendVarint(UInt64(point.counters.savedMs))
            bytes.appendVarint(UInt64(point.counters.evictions))
            bytes.appendZigzag(point.gauges.entries &- last.entries)
            bytes.appendZigzag(point.gauges.hotBytes &- last.hotBytes)
            bytes.appendZigzag(point.gauges.coldBytes &- last.coldBytes)
            last = point.gauges
            lastStep = step
        }
        return bytes
    }

    /// - Returns: `nil` if these are not the bytes of a block of this level.
    init?(start: Int64, level: HistoryLevel, encoded: [UInt8]) {
        self.init(start: start, level: level)
        guard start == level.blockStart(start) else { return nil }
        var reader = VarintReader(encoded)
        var gauges = HistoryGauges()
        var step = -1
        while !reader.isAtEnd {
            guard let distance = reader.next(), distance >= 1, distance <= UInt64(points.count),
                let hits = reader.counter(), let misses = reader.counter(), let savedMs = reader.counter(),
                let evictions = reader.counter(), let entries = reader.zigzag(), let hot = reader.zigzag(),
                let cold = reader.zigzag()
            else { return nil }
            step += Int(distance)
            guard step < points.count else { return nil }
            gauges.entries &+= entries
            gauges.hotBytes &+= hot
            gauges.coldBytes &+= cold
            var point = HistoryPoint()
            point.counters = HistoryCounters(
                hits: hits, misses: misses, savedMs: savedMs, evictions: evictions)
            point.gauges = gauges
            points[step] = point
        }
    }
}

extension HistoryCounters {
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for counter in [hits, misses, savedMs, evictions] { bytes.appendVarint(UInt64(counter)) }
        return bytes
    }

    init?(encoded: [UInt8]) {
        var reader = VarintReader(encoded)
        guard let hits = reader.counter(), let misses = reader.counter(), let savedMs = reader.counter(),
            let evictions = reader.counter(), reader.isAtEnd
        else { return nil }
        self.init(hits: hits, misses: misses, savedMs: savedMs, evictions: evictions)
    }
}
