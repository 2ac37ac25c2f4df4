/// A resolution in which history is kept. Steps are by the wall clock, in UTC.
enum HistoryLevel: UInt8, CaseIterable {
    case minutes = 1
    case hours = 2
    case days = 3

    var stepMs: Int64 {
        switch self {
        case .minutes: 60_000
        case .hours: 3_600_000
        case .days: 86_400_000
        }
    }

    /// Steps that are written as one row.
    var stepsPerBlock: Int {
        switch self {
        case .minutes: 30
        case .hours: 24
        case .days: 32
        }
    }

    /// Steps that are kept: two days, 90 days, three years.
    var stepsKept: Int {
        switch self {
        case .minutes: 2 * 24 * 60
        case .hours: 90 * 24
        case .days: 3 * 366
        }
    }

    /// One more than the kept steps fill, as the first and the last are seldom full.
    var blocksKept: Int { (stepsKept + stepsPerBlock - 1) / stepsPerBlock + 1 }

    var blockMs: Int64 { stepMs * Int64(stepsPerBlock) }
    var spanMs: Int64 { stepMs * Int64(stepsKept) }

    /// When the block that holds a moment begins.
    func blockStart(_ wallMs: Int64) -> Int64 { wallMs.floored(to: blockMs) }
}

extension Int64 {
    /// The largest multiple of `unit` that is not larger.
    func floored(to unit: Int64) -> Int64 {
        let rest = self % unit
        return self - (rest < 0 ? rest + unit : rest)
    }
}
