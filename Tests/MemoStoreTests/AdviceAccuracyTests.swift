import Foundation
import Testing

@testable import MemoStore

/// Advice on look-ups that come at some pace, taken twice a second and when they are due, as the daemon does, against caches
/// of every size that really run.
@Suite struct AdviceAccuracyTests {
    /// - Parameter perTake: how many look-ups there are in half a second.
    private static func estimate(_ keys: [Int], perTake: Int, seed: UInt64) -> HitRatioEstimate {
        var sampler = LookupSampler()
        var own = KeySampling(threshold: SampledReuse.whole)
        var table = AdviceTable(now: 0)
        var now: Int64 = 0
        var asked: Int64 = 0
        func take() {
            let counts = AdviceTable.LookupCounts(
                asked: asked, threshold: sampler.sampling.threshold,
                functions: [.init(id: 1, asked: asked, threshold: own.threshold)])
            asked = 0
            let taken = sampler.take()
            #expect(taken.lookups.count <= LookupSampler.stretchMax + LookupSampler.notedMax)
            table.add(taken, counts, now: now)
            sampler.sample(table.hotThreshold, models: 1, areNew: table.areModelsNew)
            own = KeySampling(threshold: table.thresholds[0].threshold)
        }
        for (index, key) in keys.enumerated() {
            asked += 1
            let hash = ReuseModelTests.hash(key, seed)
            if sampler.wants(hash, threshold: own.threshold),
                sampler.note(hash, function: 1, bytes: 160, &own)
            {
                take()
            }
            if (index + 1) % perTake == 0 {
                now += 500
                take()
            }
        }
        take()
        table.check()
        let estimate = table.estimate(of: 1, now: now).estimate
        #expect(estimate.lookups == Int64(keys.count))
        return estimate
    }

    private static func check(
        _ keys: [Int], perTake: Int, seed: UInt64, within tolerance: Double, _ what: String
    ) {
        let sizes = (0..<18).map { 1 << $0 }
        let exact = ReuseModelTests.exactRatios(keys, sizes: sizes)
        let estimate = estimate(keys, perTake: perTake, seed: seed)
        for (size, ratio) in zip(sizes, exact) {
            let estimated = estimate.ratio(size: Int64(size))
            #expect(
                abs(estimated - ratio) < tolerance,
                "\(what), \(perTake), seed \(seed), size \(size): \(estimated), exactly \(ratio)")
        }
    }

    /// A new model is told all.
    @Test(arguments: ReuseModelTests.Trace.allCases, [1000, 30_000, 250_000])
    func holdsAtEveryPace(trace: ReuseModelTests.Trace, perTake: Int) {
        var random = RandomSource(seed: 1)
        Self.check(trace.keys(120_000, &random), perTake: perTake, seed: 1, within: 0.02, "\(trace)")
    }

    /// Later on up to 30,000 look-ups a second all are told. Of more, keys of middling use are in the sample by chance.
    @Test(
        arguments: [ReuseModelTests.Trace.zipf, .keysAskedOnce],
        [(15_000, 0.02), (30_000, 0.05), (100_000, 0.06)])
    func holdsLaterOn(trace: ReuseModelTests.Trace, pace: (perTake: Int, tolerance: Double)) {
        var random = RandomSource(seed: 1)
        Self.check(
            trace.keys(300_000, &random), perTake: pace.perTake, seed: 1, within: pace.tolerance, "\(trace)")
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
        for text in texts {
            let parts =
                ofWords
                ? text.utf8.split { !(97...122 ~= $0 | 0x20 || 48...57 ~= $0 || $0 == 95) }
                : text.utf8.split(separator: UInt8(ascii: "\n"))
            for part in parts {
                keys.append(numbers[Substring(part), default: numbers.count])
                numbers[Substring(part)] = keys.last
            }
        }
        // Lines are fewer than words.
        if !ofWords { keys += keys.prefix(max(0, 120_000 - keys.count)) }
        #expect(keys.count >= 100_000)
        Self.check(Array(keys.prefix(400_000)), perTake: perTake, seed: 1, within: 0.02, "sources")
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
        model.count(80_000)
        let after = model.estimate
        #expect(abs(after.ratio(size: 2000) - 0.99) < 0.001)
        #expect(after.ratio(size: 100) / after.ratio(size: 2000) > 0.1)
    }

    /// Functions that take the places of others, one after the other, do not have every look-up noted for ever.
    @Test func modelsAreNewForAWhileOnly() {
        var sampler = LookupSampler()
        var own = KeySampling(threshold: SampledReuse.whole)
        var table = AdviceTable(now: 0, limits: AdviceTable.Limits(functionsMax: 4, newMax: 100))
        for number in 1...60 as ClosedRange<UInt32> {
            let function = FunctionID(number)
            #expect(table.areModelsNew == (number <= 50), "\(number)")
            for key in 0..<10 {
                _ = sampler.note(ReuseModelTests.hash(key, 1), function: function, bytes: 64, &own)
            }
            let counts = AdviceTable.LookupCounts(
                asked: 10, threshold: sampler.sampling.threshold,
                functions: [.init(id: function, asked: 10, threshold: own.threshold)])
            table.add(sampler.take(), counts, now: Int64(number) * 500)
        }
    }

    /// More functions than there are models for, asked for between two takes: each takes the place of the one before.
    @Test func functionsThatComeAndGoBetweenTwoTakes() {
        var sampler = LookupSampler()
        var own = KeySampling(threshold: SampledReuse.whole)
        var table = AdviceTable(now: 0)
        var counts = AdviceTable.LookupCounts(asked: 0, threshold: sampler.sampling.threshold, functions: [])
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
