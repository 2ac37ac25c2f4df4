/// The models of reuse: one for each of the busiest bounded functions, over entries, and one for the hot tier, over bytes.
struct ReuseModels {
    /// How many look-ups there were since the last time, and which keys of them were noted.
    struct LookupCounts {
        struct Function {
            var id: FunctionID
            var asked: Int64
            /// 0: not all look-ups of any key.
            var threshold: UInt64
        }

        var asked: Int64
        var threshold: UInt64
        var functions: [Function]
    }

    private struct Function {
        var model: ReuseModel
        /// Store time of its first look-up.
        var since: Int64
        var agedAt: Int64
        var lookupsLately = 0.0
    }

    private var functions: [FunctionID: Function] = [:]
    private var hot: ReuseModel
    private let limits: Limits
    private var agedAt: Int64 = 0
    /// Store time when it began.
    private var since: Int64
    /// Look-ups that are still wanted without a gap, because models are new.
    private var wanted: Int

    struct Limits {
        var functionsMax = 48
        /// Keys whose reuse is known exactly, and keys in a sample, for each model.
        var recentMax = 4096
        var sampledMax = 8192
        /// What was counted counts half after this.
        var halfLifeMs: Int64 = 86_400_000
        /// What a new model wants to be told without a gap.
        var newMax = 1 << 17
    }

    init(now: Int64, limits: Limits = Limits()) {
        since = now
        wanted = limits.newMax
        self.limits = limits
        hot = ReuseModel(recentMax: limits.recentMax, sampledMax: limits.sampledMax)
    }

    /// The threshold for the keys of all functions.
    var hotThreshold: UInt64 { hot.threshold }

    /// The thresholds of functions that have a model.
    var thresholds: [(function: FunctionID, threshold: UInt64)] {
        functions.map { ($0.key, $0.value.model.threshold) }
    }

    /// Whether every look-up is wanted.
    var areModelsNew: Bool { wanted > 0 }

    /// Takes what was looked up since the last time.
    mutating func add(_ taken: LookupSampler.Taken, _ counts: LookupCounts, now: Int64) {
        wanted = max(0, wanted - taken.lookups.count)
        hot.lower(to: counts.threshold)
        hot.count(counts.asked, untold: counts.asked - taken.told)
        // What is told of others is not all of their sample; they begin with the next time.
        var ready: Set<FunctionID> = []
        for function in counts.functions where functions[function.id] != nil || admit(function.id, now) {
            functions[function.id]!.lookupsLately += Double(function.asked)
            guard function.threshold > 0 else { continue }
            functions[function.id]!.model.lower(to: function.threshold)
            functions[function.id]!.model.count(function.asked)
            ready.insert(function.id)
        }
        for lookup in taken.lookups {
            hot.add(lookup, weight: lookup.bytes)
            guard ready.contains(lookup.function) else { continue }
            // One that came later in the list may have taken its place. By index: the subscript by key allocates.
            guard let index = functions.index(forKey: lookup.function) else { continue }
            functions.values[index].model.add(lookup, weight: 1)
        }
        if taken.overran { overrun() }
        if taken.stretchEnded {
            hot.endStretch()
            for function in functions.keys { functions[function]!.model.endStretch() }
        }
        age(now)
    }

    /// Too many look-ups are of sampled keys.
    private mutating func overrun() {
        for function in functions.keys { functions[function]!.model.overrun() }
        hot.overrun()
    }

    /// Makes room for a function's model, if another one is idle enough.
    private mutating func admit(_ function: FunctionID, _ now: Int64) -> Bool {
        if functions.count < limits.functionsMax {
            wanted += limits.newMax
        } else {
            // It is not told all: functions that take turns would have every look-up noted for ever.
            let idlest = functions.min { $0.value.lookupsLately < $1.value.lookupsLately }!
            guard idlest.value.lookupsLately < Self.idle else { return false }
            functions[idlest.key] = nil
        }
        functions[function] = Function(
            model: ReuseModel(recentMax: limits.recentMax, sampledMax: limits.sampledMax), since: now,
            agedAt: now)
        return true
    }

    private static let idle = 16.0
    private static let latelyMs: Int64 = 60_000

    private mutating func age(_ now: Int64) {
        for function in functions.keys where now - functions[function]!.agedAt >= limits.halfLifeMs {
            functions[function]!.model.age()
            functions[function]!.agedAt = now
            functions[function]!.since += (now - functions[function]!.since) / 2
        }
        if now - agedAt >= Self.latelyMs {
            if agedAt > 0, (now / limits.halfLifeMs) != (agedAt / limits.halfLifeMs) {
                hot.age()
                since += (now - since) / 2
            }
            agedAt = now
            for function in functions.keys { functions[function]!.lookupsLately *= 0.5 }
        }
    }

    mutating func forget(function: FunctionID) { functions[function] = nil }

    /// What is known of a function, and over which time.
    func estimate(of function: FunctionID, now: Int64) -> (estimate: HitRatioEstimate, ms: Int64) {
        guard let known = functions[function] else {
            return (ReuseModel(recentMax: 1, sampledMax: 1).estimate, 1)
        }
        return (known.model.estimate, max(1, now - known.since))
    }

    /// The same of the hot tier.
    func hotEstimate(now: Int64) -> (estimate: HitRatioEstimate, ms: Int64) {
        (hot.estimate, max(1, now - since))
    }

    func check() {
        precondition(functions.count <= limits.functionsMax, "more models than are kept")
        hot.check()
        for function in functions.values { function.model.check() }
    }
}
