import TestSupport
import Testing

@testable import MemoStore

/// Whatever functions are cleared and forgotten, an owner's totals are what was counted for them in all.
struct OwnerTotalsTests {
    @Test func totalsOfAnOwnerNeverFall() {
        for seed in 0..<100 as Range<UInt64> {
            var random = SeededGenerator(seed)
            var totals = OwnerTotals(ownersMax: 10)
            var rows = (0..<6).map {
                FunctionRow(id: FunctionID(UInt32($0)), owner: Int64($0 % 3) - 1, name: "f\($0)")
            }
            var hits: [Int64: Int64] = [:]
            var evictions: [Int64: Int64] = [:]
            for _ in 0..<200 {
                let index = Int(random.next() % 6)
                let owner = rows[index].owner
                switch random.next() % 3 {
                case 0:
                    totals.countEviction()
                    rows[index].evictions += 1
                    evictions[owner, default: 0] += 1
                case 1:
                    totals.retire(rows[index], TierHits())
                    rows[index].resetCounters()
                default:
                    totals.countHit(savedMs: 1, isHot: true)
                    rows[index].hits += 1
                    hits[owner, default: 0] += 1
                }
                totals.check()
            }
            #expect(totals.all.hits == hits.values.reduce(0, +), "seed \(seed)")
            for owner in 0...1 as ClosedRange<Int64> {
                let own = rows.filter { $0.owner == owner }
                let retired = totals.retired(of: owner)
                #expect(retired.hits + own.reduce(0) { $0 + $1.hits } == hits[owner, default: 0])
                #expect(
                    retired.evictions + own.reduce(0) { $0 + $1.evictions } == evictions[owner, default: 0])
            }
        }
    }

    @Test func ownersBeyondTheMostAreNotKept() {
        var totals = OwnerTotals(ownersMax: 1)
        for owner in 1...2 as ClosedRange<Int64> {
            var row = FunctionRow(id: 1, owner: owner, name: "f")
            row.hits = 5
            totals.retire(row, TierHits())
        }
        totals.check()
        #expect(totals.retired(of: 1).hits == 5)
        #expect(totals.retired(of: 2).hits == 0)
        #expect(totals.retirements == 2)
    }
}
