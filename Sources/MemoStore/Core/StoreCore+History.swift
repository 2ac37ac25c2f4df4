/// What was counted, over time.
extension StoreCore {
    var wallNow: Int64 { now + statistics.history.wallOffset }

    /// Hands what a function counted since the last time to the history.
    mutating func noteHistory(_ function: FunctionSlot) {
        let row = functions[function].row
        let counted = HistoryCounters(row)
        let added = counted.since(functions[function].noted)
        guard !added.isZero else { return }
        functions[function].noted = counted
        statistics.history.note(
            .function(row.id), added: added, counted: counted, gauges(of: function), wallMs: wallNow)
        if let uid = UInt32(exactly: row.owner) {
            statistics.history.note(
                .owner(uid), added: added, counted: HistoryCounters(), HistoryGauges(), wallMs: wallNow)
        }
    }

    /// The same for what all functions counted.
    mutating func noteTotals() {
        let counted = HistoryCounters(statistics.totals.all)
        let added = statistics.history.countTotals(counted)
        guard !added.isZero else { return }
        let gauges = HistoryGauges(
            entries: Int64(entries.count), hotBytes: Int64(hot.bytes), coldBytes: Int64(cold.bytes))
        statistics.history.note(.all, added: added, counted: counted, gauges, wallMs: wallNow)
    }

    private func gauges(of function: FunctionSlot) -> HistoryGauges {
        HistoryGauges(
            entries: Int64(functions[function].count), hotBytes: Int64(functions[function].hotBytes),
            coldBytes: Int64(functions[function].bytes))
    }

    /// What owners have at the moment. It takes a look at every function: done once a minute, and for those who ask.
    private mutating func noteOwnerGauges() {
        let owners = statistics.history.owners
        guard !owners.isEmpty else { return }
        work.spend(functions.count / 4)
        var sums = Dictionary(uniqueKeysWithValues: owners.map { (Int64($0), HistoryGauges()) })
        for function in functions.allSlots where functions.isLive(function) {
            sums[functions[function].row.owner]?.add(gauges(of: function))
        }
        for (uid, gauges) in sums {
            statistics.history.setGauges(.owner(UInt32(uid)), gauges, wallMs: wallNow)
        }
    }

    private static let functionsAtOnce = 10_000

    /// Functions that have counted something that was not written yet.
    package var changedFunctions: Int { functions.dirty.count }

    /// Hands to the history what some of the first of those have counted, as far as they are an owner's.
    /// - Parameter left: how many are to be looked at; less those that were.
    /// - Returns: whether there are more.
    package mutating func noteHistory(_ left: inout Int, of owner: Int64) -> Bool {
        let first = min(left, functions.dirty.count)
        left = max(0, first - 256)
        for function in functions.dirty[left..<first]
        where functions.isLive(function) && functions[function].row.owner == owner {
            noteHistory(function)
            work.spend(1)
        }
        work.spend((first - left) / 4)
        return left > 0
    }

    /// The history of some functions together, up to this moment. Without any, nothing happened.
    package mutating func readHistory(functions slots: [FunctionSlot], spanMs: Int64, points: Int)
        -> HistoryReading
    {
        var sum = statistics.history.read(nil, spanMs: spanMs, points: points, wallMs: wallNow)
        for function in slots {
            noteHistory(function)
            sum.add(
                statistics.history.read(
                    .function(functions[function].row.id), spanMs: spanMs, points: points, wallMs: wallNow))
            work.spend(points / 4)
        }
        return sum
    }

    /// The history of an owner's functions (for which `noteHistory` was called), or of all (`owner` `nil`), up to this
    /// moment.
    package mutating func readHistory(owner: Int64?, spanMs: Int64, points: Int) -> HistoryReading {
        let subject: HistoryTable.Subject
        if let uid = owner.flatMap({ UInt32(exactly: $0) }) {
            // Of very many functions only once a minute: it takes a look at all of them.
            if functions.count <= Self.functionsAtOnce { noteOwnerGauges() }
            subject = .owner(uid)
        } else {
            noteTotals()
            subject = .all
        }
        return statistics.history.read(subject, spanMs: spanMs, points: points, wallMs: wallNow)
    }

    /// Moves on to this time, which is not before the present one. What was counted until now belongs to the step before
    /// if this begins another one.
    @inline(__always)
    mutating func advance(to time: Int64) {
        if time >= statistics.history.stepEnd { endHistoryStep(time) }
        now = max(now, time)
    }

    @inline(never)
    private mutating func endHistoryStep(_ time: Int64) {
        for function in functions.dirty where functions.isLive(function) { noteHistory(function) }
        noteTotals()
        noteOwnerGauges()
        statistics.history.beginStep(at: time)
    }

    /// Queues what the history gained, once for each minute in which something happened.
    mutating func flushHistory(isLast: Bool = false) {
        let minute = wallNow.floored(to: HistoryLevel.minutes.stepMs)
        guard statistics.history.isDirty, isLast || minute != statistics.history.writtenMinute,
            degraded == nil,
            !pipeline.queue.isFull
        else {
            return
        }
        statistics.history.writtenMinute = minute
        if isLast { noteOwnerGauges() }
        let changes = statistics.history.takeChanges()
        for subject in changes.forgotten { enqueue(.forgetHistory(subject)) }
        for row in changes.rows { enqueue(.history(row)) }
    }

    /// All is loaded. What was counted and is not in the history yet happened before the daemon ended.
    mutating func startHistory() {
        statistics.history.finishLoad(wallMs: wallNow)
        _ = statistics.takeLookupCount()
        for function in functions.allSlots where functions.isLive(function) {
            beginSampling(function)
            let counted = HistoryCounters(functions[function].row)
            guard let noted = statistics.history.counted(.function(functions[function].row.id)) else {
                functions[function].noted = counted
                continue
            }
            functions[function].noted = noted
            noteHistory(function)
        }
        _ = statistics.history.countTotals(
            statistics.history.counted(.all) ?? HistoryCounters(statistics.totals.all))
        noteTotals()
        noteOwnerGauges()
    }
}

/// What is asked for, on the way to the models of reuse.
extension StoreCore {
    /// - Parameter bytes: what the entry takes; asked for only if the look-up is noted, which few are.
    @inline(__always)
    mutating func noteLookup(_ function: FunctionSlot, _ hash: UInt64, bytes: @autoclosure () -> Int) {
        guard statistics.lookups.wants(hash, threshold: functions[function].sampling.threshold) else {
            return
        }
        noteWanted(function, hash, bytes: bytes())
    }

    @inline(never)
    private mutating func noteWanted(_ function: FunctionSlot, _ hash: UInt64, bytes: Int) {
        let isBounded = functions[function].row.maxsize != nil
        let isDue = statistics.lookups.note(
            hash, function: isBounded ? functions[function].row.id : .none, bytes: bytes,
            &functions[function].sampling)
        if isDue { wakeups.callMaintenance() }
    }

    /// A function has a bound from now on.
    mutating func beginSampling(_ function: FunctionSlot) {
        guard functions[function].row.maxsize != nil, functions[function].sampling.threshold == 0 else {
            return
        }
        functions[function].sampling = KeySampling(threshold: SampledReuse.whole)
        functions[function].advised = functions[function].row.lookups
    }

    /// How many look-ups there were since the last time, of all functions and of some.
    mutating func takeLookupCounts(_ ids: some Sequence<FunctionID>) -> ReuseModels.LookupCounts {
        var counts = ReuseModels.LookupCounts(
            asked: statistics.takeLookupCount(), threshold: statistics.lookups.sampling.threshold,
            functions: [])
        for id in ids {
            guard let function = functions.find(id) else { continue }
            let asked = functions[function].row.lookups
            counts.functions.append(
                .init(
                    id: id, asked: asked &- functions[function].advised,
                    threshold: functions[function].sampling.threshold))
            functions[function].advised = asked
        }
        return counts
    }

    /// Samples as the models want it from now on.
    /// - Parameters:
    ///   - areModelsNew: whether they want every look-up.
    ///   - asked: the functions that were asked for; those without a model are not sampled.
    mutating func setSampling(
        hot: UInt64, _ thresholds: [(function: FunctionID, threshold: UInt64)], areModelsNew: Bool,
        asked: some Sequence<FunctionID>
    ) {
        statistics.lookups.sample(hot, models: thresholds.count, areNew: areModelsNew)
        let modelled = Dictionary(uniqueKeysWithValues: thresholds.map { ($0.function, $0.threshold) })
        for id in asked {
            guard let function = functions.find(id) else { continue }
            let own = functions[function].sampling.threshold
            let threshold = modelled[id] ?? 0
            functions[function].sampling = KeySampling(threshold: own > 0 ? min(own, threshold) : threshold)
        }
    }
}

extension HistoryCounters {
    init(_ row: FunctionRow) {
        self.init(hits: row.hits, misses: row.misses, savedMs: row.savedMs, evictions: row.evictions)
    }

    init(_ totals: Totals) {
        self.init(
            hits: totals.hits, misses: totals.misses, savedMs: totals.savedMs, evictions: totals.evictions)
    }
}
