import Testing

@testable import MemoClient

@Suite struct LocalCacheTests {
    private func entry(_ value: Int, bytes: Int = 10, expires: ContinuousClock.Instant? = nil)
        -> LocalCache.Entry
    {
        LocalCache.Entry(value: value, cost: .zero, expires: expires, bytes: bytes)
    }

    @Test func noFactorAndNoTimeIsTooLarge() {
        for early in [.infinity, .greatestFiniteMagnitude, .nan, -1] {
            for cost in [Duration.zero, .seconds(Int64.max)] {
                var cache = LocalCache(maximum: 1)
                let expires = ContinuousClock.now + .seconds(Int64.max)
                cache.insert([1], LocalCache.Entry(value: 1, cost: cost, expires: expires, bytes: 10))
                #expect((cache.value([1], now: .now, early: early) == nil) == (early > 1 && cost > .zero))
            }
        }
    }

    /// Against a list that is kept in order the slow way.
    @Test func itKeepsTheMostRecentlyUsed() {
        var generator = SystemRandomNumberGenerator()
        for maximum in [0, 1, 2, 7] {
            var cache = LocalCache(maximum: maximum)
            var model: [(key: [UInt8], value: Int)] = []
            for step in 0..<3000 {
                let key = [UInt8.random(in: 0..<12, using: &generator)]
                switch Int.random(in: 0..<10, using: &generator) {
                case 0..<4:
                    let found = cache.value(key, now: .now)?.value as? Int
                    let index = model.firstIndex { $0.key == key }
                    #expect(found == index.map { model[$0].value })
                    if let index { model.append(model.remove(at: index)) }
                case 4..<8:
                    cache.insert(key, entry(step))
                    model.removeAll { $0.key == key }
                    model.append((key, step))
                    if model.count > maximum { model.removeFirst() }
                case 8:
                    cache.remove(key)
                    model.removeAll { $0.key == key }
                default:
                    if step % 100 == 0 {
                        cache.removeAll()
                        model = []
                    }
                }
                #expect(cache.count == model.count)
                #expect(cache.bytes == 10 * model.count)
            }
        }
    }

    @Test func bytesAreBounded() {
        var cache = LocalCache(maximum: 1000)
        for key in 0..<100 { cache.insert([UInt8(key)], entry(key, bytes: LocalCache.maximumBytes / 10)) }
        #expect(cache.count == 10)
        cache.insert([200], entry(0, bytes: LocalCache.maximumBytes / 8 + 1))
        #expect(cache.value([200], now: .now) == nil)
        #expect(cache.count == 10)
    }

    @Test func timeEnds() {
        var cache = LocalCache(maximum: 10)
        let now = ContinuousClock.now
        cache.insert([1], entry(1, expires: now + .seconds(1)))
        #expect(cache.value([1], now: now) != nil)
        #expect(cache.value([1], now: now + .seconds(1)) == nil)
        #expect(cache.count == 0)
    }
}
