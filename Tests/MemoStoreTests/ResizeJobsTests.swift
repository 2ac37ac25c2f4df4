import TestSupport
import Testing

@testable import MemoStore

/// A function has one job at most, a job that was replaced is over, and who waits is told when any job ends.
@Suite struct ResizeJobsTests {
    private func makeFunctions(_ count: Int) -> FunctionTable {
        var functions = FunctionTable(
            keyHash: KeyHash(seed: (1, 2)), nameHash: KeyHash(seed: (3, 4)), capacity: count)!
        for name in 0..<count {
            [UInt8(name)].withUnsafeBytes { _ = functions.add(owner: -1, name: $0) }
        }
        return functions
    }

    @Test func functionsAreResizedInTheirOrder() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed)
        for _ in 0..<100 {
            var functions = makeFunctions(4)
            var jobs = ResizeJobs()
            var waiting: Set<ConnectionID> = []
            var expected: [FunctionSlot] = []
            for step in 0..<50 as Range<UInt64> {
                let function = FunctionSlot(UInt32(random.below(4)))
                switch random.below(4) {
                case 0 where !expected.contains(function):
                    jobs.begin(function, since: step, isInOrder: true, in: &functions)
                    expected.append(function)
                case 1:
                    jobs.cancel(function, in: &functions)
                    expected.removeAll { $0 == function }
                case 2 where !expected.isEmpty:
                    let connection = ConnectionID(UInt64(random.below(3)))
                    jobs.wait(connection)
                    waiting.insert(connection)
                default:
                    guard let job = jobs.first else { continue }
                    if jobs.isUnderWay(job, in: functions) { #expect(job.function == expected.removeFirst()) }
                    let told = jobs.end(job, in: &functions)
                    #expect(Set(told) == waiting && told.count == waiting.count, "seed \(seed)")
                    waiting = []
                }
                jobs.check(functions)
            }
        }
    }

    @Test func aConnectionThatIsGoneIsNotTold() {
        var functions = makeFunctions(1)
        var jobs = ResizeJobs()
        jobs.begin(0, since: 0, isInOrder: false, in: &functions)
        for connection in [1, 2, 1] as [ConnectionID] { jobs.wait(connection) }
        jobs.leave(1)
        let told = jobs.end(jobs.first!, in: &functions)
        let isEmpty = jobs.isEmpty
        #expect(told == [2] && isEmpty && functions[0].resizeJob == 0)
    }
}
