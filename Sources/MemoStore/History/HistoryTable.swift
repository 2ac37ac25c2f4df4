/// What happened over time: for the whole store, for each owner, and for the busiest functions. The rest is in the sums.
///
/// With each subject it keeps how its counters stood. So what a crash kept of the counters, and not of the history, is
/// added to it at the next start, and nothing is counted twice.
struct HistoryTable: ~Copyable {
    /// Whose history it is.
    enum Subject: Hashable {
        case all
        case owner(UInt32)
        case function(FunctionID)

        /// As the database has it: 0, a function's number, or -1 less a uid.
        var number: Int64 {
            switch self {
            case .all: 0
            case .owner(let uid): -1 - Int64(uid)
            case .function(let id): Int64(id.rawValue)
            }
        }

        init?(number: Int64) {
            switch number {
            case 0: self = .all
            case 1...Int64(UInt32.max): self = .function(FunctionID(UInt32(number)))
            case (-1 - Int64(UInt32.max))...(-1): self = .owner(UInt32(-1 - number))
            default: return nil
            }
        }

        fileprivate var isFunction: Bool { if case .function = self { true } else { false } }
    }

    private struct Track {
        var levels = HistoryLevel.allCases.map { HistorySeries(level: $0) }
        /// The counters when they were last noted.
        var counted = HistoryCounters()
        /// Look-ups lately, halved each hour: who is least busy goes first.
        var weight = 0.0
        var weighedAt: Int64
        var isDirty = false

        var bytes: Int { levels.reduce(0) { $0 + $1.bytes } }
    }

    private var tracks: [Subject: Track] = [:]
    private var forgotten: [Subject] = []
    private let functionsMax: Int
    private let ownersMax: Int
    /// The minute in which the database was last told.
    var writtenMinute = Int64.min
    private var replacedAt = Int64.min
    /// Wall time minus store time, as of the maintenance thread's last turn.
    var wallOffset: Int64 = 0
    /// When the minute under way ends, in store time.
    private(set) var stepEnd: Int64 = 0
    /// The totals of the store that have been noted.
    private var notedTotals = HistoryCounters()

    init(functionsMax: Int, ownersMax: Int) {
        self.functionsMax = functionsMax
        self.ownersMax = ownersMax
    }

    // MARK: writing

    /// Adds to the step that holds `wallMs`.
    /// - Parameters:
    ///   - added: what was counted since the last time.
    ///   - counted: how the counters stand now; kept with the history, so that after a crash it is known what is new.
    mutating func note(
        _ subject: Subject, added: HistoryCounters, counted: HistoryCounters, _ gauges: HistoryGauges,
        wallMs: Int64
    ) {
        guard !added.isZero else { return }
        guard var track = tracks.removeValue(forKey: subject) ?? newTrack(subject, wallMs) else { return }
        var point = HistoryPoint()
        point.counters = added
        point.gauges = gauges
        for level in track.levels.indices { track.levels[level].add(point, at: wallMs) }
        track.counted = counted
        track.weight = weight(track, wallMs) + Double(added.hits + added.misses)
        track.weighedAt = wallMs
        track.isDirty = true
        tracks[subject] = track
    }

    /// Says what there is at the moment, of a subject for which something was counted in the step that holds `wallMs`.
    mutating func setGauges(_ subject: Subject, _ gauges: HistoryGauges, wallMs: Int64) {
        guard tracks[subject] != nil else { return }
        for level in HistoryLevel.allCases.indices {
            tracks[subject]!.levels[level].setGauges(gauges, at: wallMs)
        }
    }

    /// - Returns: what was counted over all functions since the last call.
    mutating func countTotals(_ counted: HistoryCounters) -> HistoryCounters {
        defer { notedTotals = counted }
        return counted.since(notedTotals)
    }

    /// A minute of the wall's clock begins at this time, or began before it.
    mutating func beginStep(at time: Int64) {
        let step = HistoryLevel.minutes.stepMs
        stepEnd = (time + wallOffset).floored(to: step) + step - wallOffset
    }

    /// Owners whose history is kept.
    var owners: [UInt32] {
        tracks.keys.compactMap { if case .owner(let uid) = $0 { uid } else { nil } }
    }

    /// How the counters stood when they were last noted, if it is known.
    func counted(_ subject: Subject) -> HistoryCounters? { tracks[subject]?.counted }

    /// The counters were set back, and what they said before has been noted.
    mutating func reset(_ subject: Subject, to counted: HistoryCounters) {
        guard tracks[subject] != nil else { return }
        tracks[subject]!.counted = counted
        tracks[subject]!.isDirty = true
    }

    mutating func forget(_ subject: Subject) {
        if tracks.removeValue(forKey: subject) != nil { forgotten.append(subject) }
    }

    /// Halved each hour.
    private static func decay(_ ms: Int64) -> Double {
        let hours = Int(max(0, min(ms, 64 * 3_600_000)) / 3_600_000)
        return hours >= 64 ? 0 : 1 / Double(UInt64(1) << UInt64(hours))
    }

    /// A new subject, for which the least busy of its kind may have to go. That is looked for once a second at most.
    /// - Returns: `nil` if all the others are busier.
    private mutating func newTrack(_ subject: Subject, _ wallMs: Int64) -> Track? {
        let isFull =
            switch subject {
            case .all: false
            case .owner: ownerCount >= ownersMax
            case .function: functionCount >= functionsMax
            }
        let track = Track(weighedAt: wallMs)
        guard isFull else { return track }
        guard wallMs < replacedAt || wallMs - max(0, replacedAt) >= 1000 else { return nil }
        replacedAt = wallMs
        let others = tracks.filter { $0.key != .all && $0.key.isFunction == subject.isFunction }
        let least = others.min { weight($0.value, wallMs) < weight($1.value, wallMs) }
        guard let least, weight(least.value, wallMs) < Self.newcomerWeight else { return nil }
        forget(least.key)
        return track
    }

    private func weight(_ track: Track, _ wallMs: Int64) -> Double {
        track.weight * Self.decay(wallMs - track.weighedAt)
    }

    /// Whoever has fewer look-ups lately gives way to a function that is used now.
    private static let newcomerWeight = 64.0

    // MARK: the database

    var isDirty: Bool { !forgotten.isEmpty || tracks.values.contains { $0.isDirty } }

    /// All of it, for a new database.
    var rows: [HistoryRow] {
        tracks.flatMap { subject, track in
            let number = subject.number
            let counted = HistoryRow(subject: number, level: 0, start: 0, bytes: track.counted.encoded)
            return track.levels.flatMap { series in
                series.all.map {
                    HistoryRow(
                        subject: number, level: series.level.rawValue, start: $0.start, bytes: $0.bytes)
                }
            } + [counted]
        }
    }

    /// What the database is to be told since the last call.
    mutating func takeChanges() -> (rows: [HistoryRow], forgotten: [Int64]) {
        var rows: [HistoryRow] = []
        for subject in Array(tracks.keys) where tracks[subject]!.isDirty {
            let number = subject.number
            tracks[subject]!.isDirty = false
            for index in HistoryLevel.allCases.indices {
                let changes = tracks[subject]!.levels[index].takeChanges()
                let level = HistoryLevel.allCases[index].rawValue
                rows += changes.written.map {
                    HistoryRow(subject: number, level: level, start: $0.start, bytes: $0.bytes)
                }
                rows += changes.dropped.map {
                    HistoryRow(subject: number, level: level, start: $0, bytes: nil)
                }
            }
            rows.append(
                HistoryRow(subject: number, level: 0, start: 0, bytes: tracks[subject]!.counted.encoded))
        }
        defer { forgotten = [] }
        return (rows, forgotten.filter { tracks[$0] == nil }.map(\.number))
    }

    /// Takes a row that was read at a start.
    /// - Returns: false if it is not one.
    mutating func load(_ row: HistoryRow) -> Bool {
        guard let subject = Subject(number: row.subject), let bytes = row.bytes else { return false }
        var track = tracks.removeValue(forKey: subject) ?? Track(weighedAt: 0)
        defer { tracks[subject] = track }
        if row.level == 0 {
            guard let counted = HistoryCounters(encoded: bytes) else { return false }
            track.counted = counted
            return true
        }
        guard let index = HistoryLevel.allCases.firstIndex(where: { $0.rawValue == row.level }) else {
            return false
        }
        return track.levels[index].load(start: row.start, bytes: bytes)
    }

    /// All rows are loaded: what they say of how busy each subject is counts from here on.
    mutating func finishLoad(wallMs: Int64) {
        let hours = HistoryLevel.allCases.firstIndex(of: .hours)!
        for subject in Array(tracks.keys) {
            var weight = 0.0
            tracks[subject]!.levels[hours].forEach(in: wallMs - Self.weighedMs..<wallMs) { at, point in
                weight += Double(point.counters.hits + point.counters.misses) * Self.decay(wallMs - at)
            }
            tracks[subject]!.weight = weight
            tracks[subject]!.weighedAt = wallMs
        }
    }

    /// How far back the history says how busy a subject is.
    private static let weighedMs: Int64 = 86_400_000

    // MARK: reading

    /// The steps up to the one that holds `wallMs`, oldest first.
    /// - Parameters:
    ///   - spanMs: how far back.
    ///   - points: as many steps at most; a step is a whole number of minutes, hours or days.
    func read(_ subject: Subject?, spanMs: Int64, points: Int, wallMs: Int64) -> HistoryReading {
        let level = HistoryLevel.allCases.first { $0.spanMs >= spanMs } ?? .days
        let span = max(1, min(spanMs, level.spanMs))
        let atLeast = (span + Int64(points) - 1) / Int64(points)
        let step = max(level.stepMs, (atLeast + level.stepMs - 1) / level.stepMs * level.stepMs)
        let count = min(Int64(points), (span + step - 1) / step)
        let first = wallMs.floored(to: step) - (count - 1) * step
        var rows = Array(repeating: HistoryPoint(), count: Int(count))
        if let track = subject.flatMap({ tracks[$0] }),
            let index = HistoryLevel.allCases.firstIndex(of: level)
        {
            track.levels[index].forEach(in: first..<first + count * step) { at, point in
                rows[Int((at - first) / step)].add(point)
            }
        }
        return HistoryReading(stepMs: step, start: first, points: rows)
    }

    /// Bytes that the closed blocks take, in memory and on disk.
    var bytes: Int { tracks.values.reduce(0) { $0 + $1.bytes } }
    var functionCount: Int { tracks.keys.count(where: \.isFunction) }
    private var ownerCount: Int { tracks.keys.count { !$0.isFunction && $0 != .all } }

    /// What must hold between two calls.
    func check() {
        precondition(functionCount <= functionsMax, "more functions than are kept")
        for track in tracks.values { for series in track.levels { series.check() } }
    }
}

/// What `history` answers.
package struct HistoryReading: Sendable, Equatable {
    package var stepMs: Int64
    /// Wall time of the first step, ms; the others follow without a gap.
    package var start: Int64
    package var points: [HistoryPoint]

    /// Adds what happened to others in the same steps.
    mutating func add(_ other: HistoryReading) {
        for (index, point) in zip(points.indices, other.points) {
            points[index].counters.add(point.counters)
            points[index].gauges.add(point.gauges)
        }
    }
}
