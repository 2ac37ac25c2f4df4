import RemoteLink
import Testing

@testable import RemoteTier

struct WriteQueueTests {
    private static func put(_ key: UInt8, _ value: Int = 10, function: UInt8 = 1, epoch: Epoch = 5)
        -> LinkRequest.Put
    {
        LinkRequest.Put(
            function: [function], key: [key],
            entry: SharedValue(
                namespaceEpoch: 1, functionEpoch: epoch, value: Array(repeating: 0, count: value)))
    }

    @Test func theNewestOfAKeyIsSentInTheOrderOfTheNewest() {
        var queue = WriteQueue(bytesMax: 1 << 20)
        for (key, size) in [(1, 10), (2, 10), (1, 20)] { queue.add(Self.put(UInt8(key), size), now: 0) }
        #expect(queue.count == 2)
        #expect(queue.take(now: 0)?.put == Self.put(2))
        #expect(queue.take(now: 0)?.put == Self.put(1, 20))
        #expect(queue.take(now: 0) == nil && queue.isEmpty && queue.bytes == 0)
    }

    @Test func itIsBoundedAndDropsTheNewest() {
        var queue = WriteQueue(bytesMax: 2000)
        for key in 0..<10 { queue.add(Self.put(UInt8(key), 500), now: 0) }
        #expect(queue.bytes <= 2000 && queue.count == 2)
        #expect(queue.takeDropped() == 8 && queue.takeDropped() == 0)
        #expect(queue.take(now: 0)?.put.key == [0])
    }

    @Test func whatWaitedForTooLongIsDropped() {
        var queue = WriteQueue(bytesMax: 1 << 20)
        queue.add(Self.put(1), now: 0)
        queue.add(Self.put(2), now: 50_000)
        #expect(queue.take(now: 60_001)?.put.key == [2])
        #expect(queue.takeDropped() == 1)
    }

    @Test func whatWasClearedOrDeletedIsNotSent() {
        var queue = WriteQueue(bytesMax: 1 << 20)
        queue.add(Self.put(1), now: 0)
        queue.add(Self.put(2), now: 0)
        queue.add(Self.put(3, epoch: 9), now: 0)
        queue.add(Self.put(4, function: 2), now: 0)
        queue.forget(function: [1], key: [1])
        queue.forget(function: [1], below: 9)
        #expect(queue.take(now: 0)?.put.key == [3])
        queue.forget(below: 2)
        #expect(queue.take(now: 0) == nil)
    }

    @Test func whatWaitsForItsServerHoldsNothingUp() {
        var queue = WriteQueue(bytesMax: 1 << 20)
        for key in 1...3 { queue.add(Self.put(UInt8(key)), now: 0) }
        queue.park(queue.take(now: 0)!)
        queue.park(queue.take(now: 0)!)
        #expect(queue.take(now: 0)?.put.key == [3] && queue.take(now: 0) == nil && queue.count == 2)
        // The newest of a key counts here too, and what is given up.
        queue.add(Self.put(1, 20), now: 0)
        queue.forget(function: [1], key: [2])
        #expect(queue.take(now: 0)?.put == Self.put(1, 20))
        queue.unpark()
        #expect(queue.take(now: 0) == nil && queue.isEmpty && queue.bytes == 0)
        queue.add(Self.put(4), now: 0)
        queue.park(queue.take(now: 0)!)
        queue.unpark()
        #expect(queue.take(now: 60_001) == nil && queue.takeDropped() == 1 && queue.bytes == 0)
    }

    @Test func theSameKeyAgainAndAgainTakesNoMoreRoom() {
        var queue = WriteQueue(bytesMax: 1 << 20)
        for number in 0..<100_000 { queue.add(Self.put(UInt8(number % 3)), now: 0) }
        #expect(queue.count == 3 && queue.orderCount <= 2 * WriteQueue.countMax + 1)
        #expect((0..<3).map { _ in queue.take(now: 0)!.put.key } == [[1], [2], [0]])
        #expect(queue.take(now: 0) == nil)
    }
}
