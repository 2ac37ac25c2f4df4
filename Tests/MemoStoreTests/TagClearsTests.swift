import TestSupport
import Testing

@testable import MemoStore

/// Each clear is worked at until it is over, and its count is for the connection that waits for it, if it still does.
@Suite struct TagClearsTests {
    @Test func countsReachThoseWhoWait() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed)
        for _ in 0..<100 {
            var clears = TagClears()
            /// Pieces that are left of each connection's clear, and those that there were.
            var left: [ConnectionID: (pieces: Int, all: Int)] = [:]
            var gone = 0
            for number in 0..<60 as Range<UInt64> {
                let connection = left.keys.min { $0.rawValue < $1.rawValue }
                switch random.below(4) {
                case 0:
                    let pieces = 1 + random.below(3)
                    let tags = (0..<pieces).map { TagID(UInt32($0 + 1)) }
                    clears.add(TagClears.Clear(connection: ConnectionID(number), tags: tags, below: 10))
                    left[ConnectionID(number)] = (pieces, pieces)
                case 1:
                    guard let connection else { continue }
                    let counts = clears.takeCounts(for: connection)
                    guard let expected = left[connection], expected.pieces == 0 else {
                        #expect(counts == nil, "seed \(seed)")
                        continue
                    }
                    #expect(counts == [1: expected.all], "seed \(seed)")
                    left[connection] = nil
                case 2 where random.below(3) == 0:
                    guard let connection else { continue }
                    clears.leave(connection)
                    gone += left[connection]!.pieces
                    left[connection] = nil
                default:
                    guard let next = clears.takeNext() else {
                        #expect(gone == 0 && left.values.allSatisfy { $0.pieces == 0 }, "seed \(seed)")
                        continue
                    }
                    var clear = next.clear
                    clear.tags.removeLast()
                    clear.counts[1, default: 0] += 1
                    if let waiting = clear.connection { left[waiting]!.pieces -= 1 } else { gone -= 1 }
                    let isOver = clear.isOver
                    let (waiter, isMore) = clears.putBack(clear, at: next.index)
                    #expect(waiter == (isOver ? clear.connection : nil), "seed \(seed)")
                    #expect(isMore == (gone > 0 || left.values.contains { $0.pieces > 0 }), "seed \(seed)")
                }
                clears.check()
            }
        }
    }

    @Test func keysAreAskedForOnce() {
        var clears = TagClears()
        clears.add(leased: [(1, 10), (2, 20)])
        var functions: [FunctionSlot] = []
        while let key = clears.nextLeasedKey() { functions.append(key.function) }
        let hasMore = clears.hasLeasedKeys
        #expect(functions == [2, 1] && !hasMore)
    }
}
