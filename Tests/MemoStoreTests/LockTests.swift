import Glibc
import Platform
import Synchronization
import Testing

@Suite struct LockTests {
    /// One that is held nearly all the time by a thread that takes it again at once.
    @Test func whoTakesItAgainAndAgainLetsOthersIn() throws {
        let shared = Shared()
        let other = try Thread(name: "other") {
            while !shared.isOver.load(ordering: .acquiring) {
                shared.lock.withLock { $0 += 1 }
                shared.turns.wrappingAdd(1, ordering: .relaxed)
                usleep(10)
            }
        }
        for _ in 0..<200 {
            shared.lock.withLock { _ in _ = usleep(200) }
            shared.lock.letOthersIn()
        }
        let turns = shared.turns.load(ordering: .relaxed)
        shared.isOver.store(true, ordering: .releasing)
        other.join()
        #expect(turns > 50, "the other thread had it \(turns) times while it was free 200 times")
        #expect(shared.lock.withLock { $0 } == shared.turns.load(ordering: .relaxed))
    }

    @Test func noOneIsWaitedForWhereNoOneWaits() {
        let lock = Lock(0)
        for _ in 0..<100_000 {
            lock.withLock { $0 += 1 }
            lock.letOthersIn()
        }
        #expect(lock.withLock { $0 } == 100_000)
    }

    private final class Shared: Sendable {
        let lock = Lock(0)
        let turns = Atomic(0)
        let isOver = Atomic(false)
    }
}
