import Platform
import TestSupport
import Testing

@testable import MemoServer

struct DeadlineHeapTests {
    @Test func agreesWithADictionary() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed)
        for _ in 0..<100 {
            var heap = DeadlineHeap()
            var model: [Int: Int64] = [:]
            for _ in 0..<300 {
                let slot = Int.random(in: 0..<40, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0...1:
                    let time = Int64.random(in: 0..<100, using: &random)
                    heap.set(slot, time)
                    model[slot] = time
                case 2:
                    heap.set(slot, nil)
                    model[slot] = nil
                default:
                    let now = Int64.random(in: 0..<100, using: &random)
                    let expired = heap.popExpired(now)
                    #expect((expired == nil) == !model.values.contains { $0 <= now }, "seed \(seed)")
                    if let expired {
                        #expect(model[expired] == model.values.min(), "seed \(seed)")
                        model[expired] = nil
                    }
                }
                #expect(heap.earliest == model.values.min(), "seed \(seed)")
                #expect(heap.count == model.count, "seed \(seed)")
            }
        }
    }
}
