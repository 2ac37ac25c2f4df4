import MemoWire
import Synchronization
import Testing

@testable import MemoServer

struct BufferPoolTests {
    @Test func whatComesBackIsZeroedAndUsedAgain() {
        let counters = BufferPool.Counters()
        var pool = BufferPool(bufferBytes: 4096, limit: 2, counters: counters)
        var buffer = pool.acquire()
        #expect(counters.inUse.load(ordering: .relaxed) == 1)
        buffer.append("secret")
        pool.release(buffer)
        #expect(counters.idle.load(ordering: .relaxed) == 1)
        #expect(counters.inUse.load(ordering: .relaxed) == 0)
        var again = pool.acquire()
        let isEmpty = again.isEmpty
        #expect(isEmpty)
        let isZeroed = again.prepare(minimum: 4096).prefix(6).allSatisfy { $0 == 0 }
        #expect(isZeroed)
        #expect(counters.misses.load(ordering: .relaxed) == 1)
        pool.release(again)
    }

    @Test func thePoolIsBounded() {
        let counters = BufferPool.Counters()
        var pool = BufferPool(bufferBytes: 4096, limit: 2, counters: counters)
        let one = pool.acquire()
        let two = pool.acquire()
        let three = pool.acquire()
        #expect(counters.misses.load(ordering: .relaxed) == 3)
        pool.release(one)
        pool.release(two)
        pool.release(three)
        #expect(counters.idle.load(ordering: .relaxed) == 2)
        #expect(counters.inUse.load(ordering: .relaxed) == 0)
    }

    @Test func aBufferThatGrewIsNotKept() {
        let counters = BufferPool.Counters()
        var pool = BufferPool(bufferBytes: 4096, limit: 2, counters: counters)
        var buffer = pool.acquire()
        buffer.reserve(10_000)
        pool.release(buffer)
        #expect(counters.idle.load(ordering: .relaxed) == 0)
    }
}
