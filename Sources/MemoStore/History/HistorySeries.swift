/// The history of one subject at one level: closed blocks as bytes, and the one that was last added to.
struct HistorySeries {
    let level: HistoryLevel
    /// In the order of their times, without the open one.
    private var closed: [(start: Int64, bytes: [UInt8])] = []
    private var open: HistoryBlock?
    /// Blocks to be written, and blocks that were dropped and are to be deleted.
    private var dirty: Set<Int64> = []
    private var dropped: [Int64] = []

    init(level: HistoryLevel) { self.level = level }

    /// Memory and disk that the closed blocks take.
    var bytes: Int { closed.reduce(0) { $0 + $1.bytes.count } }
    var blockCount: Int { closed.count + (open == nil ? 0 : 1) }

    /// Adds to the step that holds a moment. Where the clock went back that is an earlier one, which is added to as well.
    mutating func add(_ point: HistoryPoint, at wallMs: Int64) {
        let start = level.blockStart(wallMs)
        if open?.start != start { reopen(start) }
        open?.add(point, step: Int((wallMs - start) / level.stepMs))
        dirty.insert(start)
    }

    /// Replaces what there was at the end of the step that holds a moment, if something was added to it.
    mutating func setGauges(_ gauges: HistoryGauges, at wallMs: Int64) {
        let start = level.blockStart(wallMs)
        guard open?.start == start else { return }
        open?.setGauges(gauges, step: Int((wallMs - start) / level.stepMs))
    }

    /// Makes the block at `start` the open one.
    private mutating func reopen(_ start: Int64) {
        if let block = open { insert(block.start, block.encoded) }
        open = nil
        let place = place(of: start)
        if place < closed.count, closed[place].start == start {
            open = HistoryBlock(start: start, level: level, encoded: closed[place].bytes)
            closed.remove(at: place)
        }
        if open == nil { open = HistoryBlock(start: start, level: level) }
        while blockCount > level.blocksKept, !closed.isEmpty {
            let oldest = closed.removeFirst().start
            dirty.remove(oldest)
            dropped.append(oldest)
        }
    }

    private mutating func insert(_ start: Int64, _ bytes: [UInt8]) {
        closed.insert((start, bytes), at: place(of: start))
    }

    /// Where a block that begins then is, or belongs.
    private func place(of start: Int64) -> Int {
        var (low, high) = (0, closed.count)
        while low < high {
            let middle = (low + high) / 2
            if closed[middle].start < start { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Takes a block that was read from the database.
    /// - Returns: false if it is damaged, or was there already.
    mutating func load(start: Int64, bytes: [UInt8]) -> Bool {
        guard HistoryBlock(start: start, level: level, encoded: bytes) != nil else { return false }
        let place = place(of: start)
        if open?.start == start || (place < closed.count && closed[place].start == start) { return false }
        insert(start, bytes)
        return true
    }

    /// What changed since the last call: blocks with their bytes, and those that are no more.
    mutating func takeChanges() -> (written: [(start: Int64, bytes: [UInt8])], dropped: [Int64]) {
        defer {
            dirty = []
            dropped = []
        }
        let written = dirty.sorted().compactMap { start -> (start: Int64, bytes: [UInt8])? in
            if let open, open.start == start { return (start, open.encoded) }
            let place = place(of: start)
            return place < closed.count && closed[place].start == start ? closed[place] : nil
        }
        return (written, dropped.filter { !dirty.contains($0) })
    }

    /// Every block.
    var all: [(start: Int64, bytes: [UInt8])] { closed + (open.map { [($0.start, $0.encoded)] } ?? []) }

    var isDirty: Bool { !dirty.isEmpty || !dropped.isEmpty }

    /// Calls `body` for each step that is not empty and begins in the range, in the order of time.
    func forEach(in range: Range<Int64>, _ body: (_ at: Int64, _ point: HistoryPoint) -> Void) {
        func visit(_ block: HistoryBlock) {
            for (step, point) in block.points.enumerated() {
                let at = block.start + Int64(step) * level.stepMs
                if let point, range.contains(at) { body(at, point) }
            }
        }
        var pending = open
        for (start, bytes) in closed {
            if let open = pending, open.start < start {
                visit(open)
                pending = nil
            }
            guard start < range.upperBound, start + level.blockMs > range.lowerBound else { continue }
            if let block = HistoryBlock(start: start, level: level, encoded: bytes) { visit(block) }
        }
        if let open = pending { visit(open) }
    }

    /// What must hold between two calls.
    func check() {
        precondition(
            zip(closed, closed.dropFirst()).allSatisfy { $0.start < $1.start }, "blocks out of order")
        precondition(closed.allSatisfy { $0.start != open?.start }, "a block is open and closed")
        precondition(blockCount <= level.blocksKept, "too many blocks")
        precondition(closed.allSatisfy { $0.start == level.blockStart($0.start) }, "a block begins amiss")
    }
}
