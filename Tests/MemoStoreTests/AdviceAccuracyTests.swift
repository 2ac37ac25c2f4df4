import Foundation
import Testing

@testable import MemoStore

/// Advice on look-ups that come at some pace, taken twice a second and when they are due, as the daemon does, against caches
/// of every size that really run.
@Suite struct AdviceAccuracyTests {
    /// Functions that are asked at once, each in its share, and what is then estimated of each.
    /// - Parameters:
    ///   - perTake: how many look-ups there are in half a second, of all functions.
    ///   - newMax: so many are told without a gap because the models are new.
    private static func estimates(
        _ functions: [[Int]], perTake: Int, newMax: Int, seed: UInt64
    ) -> [HitRatioEstimate] {
        var sampler = LookupSampler()
        var samplings = functions.map { _ in KeySampling(threshold: SampledReuse.whole) }
        var asked = functions.map { _ in Int64(0) }
        var table = ReuseModels(now: 0, limits: ReuseModels.Limits(newMax: newMax))
        var now: Int64 = 0
        let ids = functions.indices.map { FunctionID(UInt32($0 + 1)) }
        func take() {
            let counts = ReuseModels.LookupCounts(
                asked: asked.reduce(0, +), threshold: sampler.sampling.threshold,
                functions: functions.indices.map {
                    .init(id: ids[$0], asked: asked[$0], threshold: samplings[$0].threshold)
                })
            asked = functions.map { _ in 0 }
            let taken = sampler.take()
            #expect(taken.lookups.count <= LookupSampler.stretchMax + 2 * LookupSampler.notedMax)
            #expect(taken.told == counts.asked)
            table.add(taken, counts, now: now)
            sampler.sample(
                table.hotThreshold, models: table.thresholds.count, areNew: table.areModelsNew)
            for (id, threshold) in table.thresholds {
                samplings[Int(id.rawValue) - 1] = KeySampling(threshold: threshold)
            }
        }
        var untilTake = perTake
        let steps = functions.map(\.count).max()!
        for step in 0..<steps {
            for function in functions.indices {
                let next = step * functions[function].count / steps
                guard (step + 1) * functions[function].count / steps > next else { continue }
                asked[function] += 1
                let hash = ReuseModelTests.hash(functions[function][next] + function << 40, seed)
                if sampler.wants(hash, threshold: samplings[function].threshold),
                    sampler.note(hash, function: ids[function], bytes: 160, &samplings[function])
                {
                    take()
                }
                untilTake -= 1
                if untilTake == 0 {
                    untilTake = perTake
                    now += 500
                    take()
                }
            }
        }
        take()
        table.check()
        return ids.map { table.estimate(of: $0, now: now).estimate }
    }

    private static func check(
        _ functions: [[Int]], perTake: Int, newMax: Int = ReuseModels.Limits().newMax, seed: UInt64,
        _ what: String
    ) {
        let sizes = (0..<18).map { 1 << $0 }
        let estimates = estimates(functions, perTake: perTake, newMax: newMax, seed: seed)
        for (keys, estimate) in zip(functions, estimates) {
            #expect(estimate.lookups == Int64(keys.count))
            for (size, ratio) in zip(sizes, ReuseModelTests.exactRatios(keys, sizes: sizes)) {
                let estimated = estimate.ratio(size: Int64(size))
                #expect(
                    abs(estimated - ratio) < 0.02,
                    "\(what), \(perTake), seed \(seed), size \(size): \(estimated), exactly \(ratio)")
            }
        }
    }

    /// A new model is told all.
    @Test(arguments: ReuseModelTests.Trace.allCases, [1000, 30_000, 250_000])
    func holdsAtEveryPace(trace: ReuseModelTests.Trace, perTake: Int) {
        var random = RandomSource(seed: 1)
        Self.check([trace.keys(120_000, &random)], perTake: perTake, seed: 1, "\(trace)")
    }

    private static let later: [(ReuseModelTests.Trace, perTake: Int)] =
        ReuseModelTests.Trace.allCases.map { ($0, 60_000) } + [
            (.zipf, 15_000), (.zipf, 30_000), (.zipf, 100_000), (.keysAskedOnce, 15_000),
            (.keysAskedOnce, 30_000), (.keysAskedOnce, 100_000),
        ]

    /// Later on up to 30,000 look-ups a second all are told; of more, some stretches and a sample.
    @Test(arguments: later) func holdsLaterOn(trace: ReuseModelTests.Trace, perTake: Int) {
        let seed = UInt64(perTake) + 2
        var random = RandomSource(seed: seed)
        Self.check(
            [trace.keys(200_000, &random)], perTake: perTake, newMax: 1 << 14, seed: seed, "\(trace)")
    }

    /// Functions of little use beside busy ones.
    @Test(arguments: [UInt64(77), 78]) func holdsForSeveralAtOnce(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let functions: [(trace: ReuseModelTests.Trace, count: Int)] = [
            (.wideZipf, 250_000), (.scansAmongHot, 60_000), (.ofMiddlingUse, 60_000), (.loop, 20_000),
            (.flatZipf, 20_000), (.keysAskedOnce, 5000),
        ]
        Self.check(
            functions.map { $0.trace.keys($0.count, &random) }, perTake: 60_000, seed: seed,
            "several")
    }

    /// One of which a stretch has a look-up or two, and of which all are told only at the beginning, when few of its keys were
    /// ever asked for.
    @Test(arguments: [UInt64(5), 6, 7], [300, 800, 4000]) func holdsForOneThatIsSeldomAsked(
        seed: UInt64, count: Int
    ) {
        var random = RandomSource(seed: seed)
        let busy = ReuseModelTests.Trace.zipf.keys(600_000, &random)
        let seldom = (0..<count).map { _ in min(random.below(100), random.below(100)) }
        Self.check([busy, seldom], perTake: 40_000, newMax: 1 << 14, seed: seed, "seldom \(count)")
    }

    /// What a compiler would look up: the words of this repository's sources, and their lines, in the order of reading.
    @Test(arguments: [true, false], [5000, 15_000]) func holdsForWhatTheSourcesSay(
        ofWords: Bool, perTake: Int
    ) throws {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        var numbers: [Substring: Int] = [:]
        var keys: [Int] = []
        var texts: [String] = []
        for folder in ["Sources", "Tests", "tools/python"] {
            let files = FileManager.default.enumerator(atPath: package.path + "/" + folder)
            var names: [String] = []
            while let name = files?.nextObject() as? String {
                if name.hasSuffix(".swift") || name.hasSuffix(".py") { names.append(name) }
            }
            for name in names.sorted() {
                texts.append(
                    try String(contentsOfFile: package.path + "/" + folder + "/" + name, encoding: .utf8))
            }
        }
        // Lines are fewer than words, so each file is read twice. Were they read from the beginning again, all would be a
        // loop of as many lines as there happen to be, and the ratio would leap at that size.
        for text in ofWords ? texts : texts.flatMap({ [$0, $0] }) {
            let parts =
                ofWords
                ? text.utf8.split { !(97...122 ~= $0 | 0x20 || 48...57 ~= $0 || $0 == 95) }
                : text.utf8.split(separator: UInt8(ascii: "\n"))
            for part in parts {
                keys.append(numbers[Substring(part), default: numbers.count])
                numbers[Substring(part)] = keys.last
            }
        }
        #expect(keys.count >= 100_000)
        Self.check([Array(keys.prefix(400_000))], perTake: perTake, seed: 1, "sources")
    }

    /// What is not told, as hits that clients read from shared memory, is counted.
    @Test func hitsOfWhichNobodyTellsAreHits() {
        var model = ReuseModel(recentMax: 4096, sampledMax: 8192)
        var random = RandomSource(seed: 4)
        for _ in 0..<20_000 {
            model.use(ReuseModelTests.hash(random.below(1000), 1), weight: 1, isGapless: true)
        }
        model.count(20_000)
        let before = model.estimate
        #expect(abs(before.ratio(size: 2000) - 0.95) < 0.001)
        model.count(80_000, untold: 80_000)
        let after = model.estimate
        #expect(abs(after.ratio(size: 2000) - 0.99) < 0.001)
        #expect(after.ratio(size: 100) / after.ratio(size: 2000) > 0.1)
    }

    /// Functions that take the places of others, one after the other, do not have every look-up noted for ever.
    @Test func modelsAreNewForAWhileOnly() {
        var sampler = LookupSampler()
        var own = KeySampling(threshold: SampledReuse.whole)
        var table = ReuseModels(now: 0, limits: ReuseModels.Limits(functionsMax: 4, newMax: 100))
        for number in 1...60 as ClosedRange<UInt32> {
            let function = FunctionID(number)
            #expect(table.areModelsNew == (number <= 50), "\(number)")
            for key in 0..<10 {
                _ = sampler.note(ReuseModelTests.hash(key, 1), function: function, bytes: 64, &own)
            }
            let counts = ReuseModels.LookupCounts(
                asked: 10, threshold: sampler.sampling.threshold,
                functions: [.init(id: function, asked: 10, threshold: own.threshold)])
            table.add(sampler.take(), counts, now: Int64(number) * 500)
        }
    }

    /// More functions than there are models for, asked for between two takes: each takes the place of the one before.
    @Test func functionsThatComeAndGoBetweenTwoTakes() {
        var sampler = LookupSampler()
        var own = KeySampling(threshold: SampledReuse.whole)
        var table = ReuseModels(now: 0)
        var counts = ReuseModels.LookupCounts(asked: 0, threshold: sampler.sampling.threshold, functions: [])
        for number in 1...200 as ClosedRange<UInt32> {
            let function = FunctionID(number)
            _ = sampler.note(ReuseModelTests.hash(Int(number), 1), function: function, bytes: 64, &own)
            counts.asked += 1
            counts.functions.append(.init(id: function, asked: 1, threshold: own.threshold))
        }
        table.add(sampler.take(), counts, now: 500)
        table.check()
        #expect(table.thresholds.count == 48)
    }
}
