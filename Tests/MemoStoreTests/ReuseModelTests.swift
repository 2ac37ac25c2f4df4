import Glibc
import Testing

@testable import MemoStore

/// The sampled model against caches of every size that really run.
@Suite struct ReuseModelTests {
    enum Trace: CaseIterable {
        case zipf, flatZipf, loop, loopAndHot, scansAmongHot, keysAskedOnce, drifting
        case manyLoops, ofMiddlingUse, popularityMoves, wideZipf

        func keys(_ count: Int, _ random: inout RandomSource) -> [Int] {
            switch self {
            case .zipf: return zipf(count, keys: 50_000, exponent: 1.0, &random)
            case .flatZipf: return zipf(count, keys: 20_000, exponent: 0.6, &random)
            case .loop: return (0..<count).map { $0 % 3000 }
            case .loopAndHot:
                return (0..<count).map { $0 % 2 == 0 ? random.below(100) : 1000 + $0 / 2 % 9000 }
            case .scansAmongHot:
                let hot = zipf(count, keys: 2000, exponent: 0.9, &random)
                return (0..<count).map { $0 / 5000 % 4 == 3 ? 1_000_000 + $0 : hot[$0] }
            case .keysAskedOnce:
                return (0..<count).map { random.below(3) == 0 ? random.below(500) : 1000 + $0 }
            case .drifting: return (0..<count).map { $0 / 20 + random.below(4000) }
            case .manyLoops:
                return (0..<count).map { index in
                    switch random.below(4) {
                    case 0: return index / 4 % 500
                    case 1: return 10_000 + index / 4 % 4000
                    case 2: return 100_000 + index / 4 % 15_000
                    default: return 200_000 + random.below(300)
                    }
                }
            case .ofMiddlingUse:
                return (0..<count).map { _ in
                    random.below(10) < 6 ? random.below(3000) : 10_000 + random.below(100_000)
                }
            case .popularityMoves:
                let ranks = zipf(count, keys: 20_000, exponent: 1.0, &random)
                return (0..<count).map { (ranks[$0] * 7919 + $0 / 40_000 * 3571) % 20_000 }
            case .wideZipf: return zipf(count, keys: 500_000, exponent: 0.8, &random)
            }
        }

        private func zipf(_ count: Int, keys: Int, exponent: Double, _ random: inout RandomSource) -> [Int] {
            var sums: [Double] = []
            var sum = 0.0
            for rank in 1...keys {
                sum += 1 / pow(Double(rank), exponent)
                sums.append(sum)
            }
            return (0..<count).map { _ in
                let target = random.unit() * sum
                var (low, high) = (0, keys - 1)
                while low < high {
                    let middle = (low + high) / 2
                    if sums[middle] < target { low = middle + 1 } else { high = middle }
                }
                return low
            }
        }
    }

    /// A hash that spreads as the store's does (the finalizer of splitmix64).
    static func hash(_ key: Int, _ seed: UInt64) -> UInt64 {
        var value = UInt64(key) &+ seed &* 0x9e37_79b9_7f4a_7c15
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }

    /// Hits of least-recently-used caches of these sizes, from exact distances.
    static func exactRatios(_ keys: [Int], sizes: [Int]) -> [Double] {
        var distances = StackDistances()
        var hits = Array(repeating: 0, count: sizes.count)
        for key in keys {
            guard case .known(let distance) = distances.use(UInt64(key), weight: 1) else { continue }
            for index in sizes.indices where distance < Int64(sizes[index]) { hits[index] += 1 }
        }
        return hits.map { Double($0) / Double(keys.count) }
    }

    @Test(arguments: Trace.allCases, [UInt64(1), 2, 3]) func comesWithinTwoHundredths(
        trace: Trace, seed: UInt64
    ) {
        var random = RandomSource(seed: seed)
        let keys = trace.keys(150_000, &random)
        let sizes = (0..<18).map { 1 << $0 }
        let exact = Self.exactRatios(keys, sizes: sizes)
        var model = ReuseModel(recentMax: 4096, sampledMax: 4096)
        for key in keys { model.use(Self.hash(key, seed), weight: 1, isGapless: true) }
        model.count(Int64(keys.count))
        model.check()
        for (size, ratio) in zip(sizes, exact) {
            let estimate = model.estimate.ratio(size: Int64(size))
            #expect(
                abs(estimate - ratio) < 0.02,
                "\(trace), seed \(seed), size \(size): \(estimate), exactly \(ratio)")
        }
        let distinct = Double(Set(keys).count)
        #expect(abs(Double(model.estimate.distinct) - distinct) < 0.06 * distinct)
    }

    @Test func distancesAreThoseOfAList() {
        var random = RandomSource(seed: 5)
        var distances = StackDistances()
        var list: [(key: UInt64, weight: Int64)] = []
        for _ in 0..<20_000 {
            let key = UInt64(random.below(random.below(20) == 0 ? 3000 : 100))
            let weight = Int64(1 + random.below(9))
            let found = distances.use(key, weight: weight)
            if let place = list.lastIndex(where: { $0.key == key }) {
                #expect(found == .known(list[(place + 1)...].reduce(0) { $0 + $1.weight }))
                list.remove(at: place)
            } else {
                #expect(found == .firstUse)
            }
            list.append((key, weight))
            if random.below(3000) == 0 {
                distances.removeOldest()
                list.removeFirst()
            }
            if random.below(4000) == 0 {
                distances.keep { $0 % 3 != 0 }
                list.removeAll { $0.key % 3 == 0 }
            }
        }
        distances.check()
        #expect(distances.count == list.count)
    }

    @Test func timesThatWereMissedAreLeftOut() {
        var random = RandomSource(seed: 9)
        let keys = Trace.flatZipf.keys(400_000, &random).map { $0 % 7000 }
        let sizes = [64, 256, 1024, 2048, 5000, 6500]
        let exact = Self.exactRatios(keys, sizes: sizes)
        var model = ReuseModel(recentMax: 4096, sampledMax: 4096)
        // Every fourth of 16 stretches is told.
        for (index, key) in keys.enumerated() {
            let isGapless = index / 25_000 % 4 == 0
            if index % 25_000 == 0, !isGapless { model.endStretch() }
            model.count(1)
            let hash = Self.hash(key, 1)
            if isGapless || SampledReuse.samplingHash(hash) < model.threshold {
                model.use(hash, weight: 1, isGapless: isGapless)
            }
        }
        model.check()
        for (size, ratio) in zip(sizes, exact) {
            #expect(
                abs(model.estimate.ratio(size: Int64(size)) - ratio) < 0.02, "size \(size): exactly \(ratio)")
        }
    }
}
