import TestSupport
import Testing

@testable import MemoStore

/// Finds keys where a dictionary has them, whatever was removed, however much alike they are.
struct PlaceTableTests {
    @Test func isADictionary() {
        var random = SeededGenerator(for: "places of keys")
        for _ in 0..<SeededGenerator.cases(40) {
            var table = PlaceTable()
            var keys: [UInt64] = []
            var model: [UInt64: Int] = [:]
            // Few keys, or many that come once.
            let spread = random.pick([7, 63, 1000, 1 << 40])
            for _ in 0..<2000 {
                let key = UInt64(random.below(spread)) << 32 | UInt64(random.below(4)) &* 63
                switch random.below(40) {
                case 0:
                    keys = Array(model.keys)
                    model = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1, $0) })
                    table.rebuild(keys)
                case 1..<16:
                    table.remove(key, keys)
                    model[key] = nil
                default:
                    #expect(table.set(key, to: keys.count, keys) == model[key])
                    model[key] = keys.count
                    keys.append(key)
                }
                #expect(table.find(key, keys) == model[key])
                #expect(table.count == model.count)
            }
            for (key, place) in model { #expect(table.find(key, keys) == place) }
        }
    }
}
