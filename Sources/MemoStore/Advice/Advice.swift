/// How often a cache of some size would hit, and which size is worth choosing.
package struct Advice: Sendable {
    package struct Size: Sendable, Equatable {
        /// Entries, or bytes of the hot tier.
        package var size: Int64
        package var hitRatio: Double
    }

    package struct Suggestion: Sendable, Equatable {
        package var size: Int64
        package var hitRatio: Double
        package var savedMsPerHour: Double
    }

    package enum Outcome: Sendable, Equatable {
        case suggestion(Suggestion)
        /// Why nothing should be changed, as a sentence without its full stop.
        case reason(String)
    }

    package var current: Size
    package var curve: [Size]
    package var outcome: Outcome

    /// Two sizes of the curve differ by this at most.
    private static let factor = 1.45
    /// Fewer look-ups say nothing.
    static let lookupsLeast: Int64 = 1000
    /// A larger cache is suggested for at least so much more, and comes within `slack` of the best that there is.
    private static let gainLeast = 0.02
    private static let slack = 0.01
    /// A smaller one loses at most this.
    private static let lossMost = 0.005

    /// - Parameters:
    ///   - estimate: what was seen.
    ///   - size: the cache's present size.
    ///   - overMs: how long it took until all of that was seen.
    ///   - costMs: what a look-up that misses costs, on average.
    init(_ estimate: HitRatioEstimate, size: Int64, overMs: Int64, costMs: Double) {
        current = Size(size: size, hitRatio: estimate.ratio(size: size))
        let distinct = max(1, estimate.distinct)
        curve = Self.sizes(size, distinct).map { Size(size: $0, hitRatio: estimate.ratio(size: $0)) }
        outcome = .reason("")
        let perHour = Double(estimate.lookups) / Double(overMs) * 3_600_000
        outcome = choose(estimate, distinct, costMsPerHour: perHour * costMs)
    }

    /// From an eighth of the present size to the number of distinct keys.
    private static func sizes(_ size: Int64, _ distinct: Int64) -> [Int64] {
        var sizes = [max(1, min(size / 8, distinct))]
        while let last = sizes.last, last < distinct {
            var next = max(last + 1, Int64(Double(last) * factor))
            if last < size, next > size { next = size }
            sizes.append(min(next, distinct))
        }
        return sizes
    }

    private func choose(_ estimate: HitRatioEstimate, _ distinct: Int64, costMsPerHour: Double) -> Outcome {
        guard estimate.lookups >= Self.lookupsLeast else {
            return .reason("\(estimate.lookups) look-ups are too few to tell")
        }
        let best = estimate.ratio(size: .max / 4)
        if best - current.hitRatio >= Self.gainLeast {
            let size = curve.first { $0.hitRatio >= best - Self.slack && $0.size > current.size }
            if let size, size.hitRatio - current.hitRatio >= Self.gainLeast {
                return suggestion(Self.rounded(size.size, distinct), estimate, costMsPerHour)
            }
        }
        let first = Int((estimate.firstUseRatio * 100).rounded())
        if first >= 25 { return .reason("\(first)% of look-ups are for keys asked once: no size helps") }
        let enough = curve.first { $0.hitRatio >= current.hitRatio - Self.lossMost }
        let needed = enough.map { Self.rounded($0.size, distinct) } ?? current.size
        if needed * 2 <= current.size { return suggestion(needed, estimate, costMsPerHour) }
        return .reason("it holds what is asked again")
    }

    private func suggestion(_ size: Int64, _ estimate: HitRatioEstimate, _ costMsPerHour: Double) -> Outcome {
        let ratio = estimate.ratio(size: size)
        return .suggestion(
            Suggestion(
                size: size, hitRatio: ratio, savedMsPerHour: (ratio - current.hitRatio) * costMsPerHour))
    }

    /// Upwards to two digits, so that it is easy to say; not beyond what there is.
    private static func rounded(_ size: Int64, _ distinct: Int64) -> Int64 {
        var unit: Int64 = 1
        while size / unit >= 100 { unit *= 10 }
        return size >= distinct ? size : (size + unit - 1) / unit * unit
    }
}
