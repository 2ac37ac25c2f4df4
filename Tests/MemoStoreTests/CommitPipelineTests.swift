import TestSupport
import Testing

@testable import MemoStore

/// Changes reach the database in their order, each once and none left out, whatever fails in between.
@Suite struct CommitPipelineTests {
    /// A change that says which one it is.
    private func change(_ number: Int) -> StoreChange { .forget(function: FunctionID(UInt32(number))) }

    private func numbers(_ batch: CommitPipeline.Batch) -> [Int] {
        batch.writes.compactMap { if case .forget(let number) = $0 { Int(number.rawValue) } else { nil } }
    }

    private func expectDamage(_ pipeline: borrowing CommitPipeline, isConfirmed: Bool) {
        let found = pipeline.isDamageConfirmed
        #expect(found == isConfirmed)
    }

    private func makePipeline(bytesLeast: Int = 1 << 20) -> CommitPipeline {
        var limits = StoreLimits()
        limits.queueBytesLeast = bytesLeast
        limits.queueBytesFirst = bytesLeast
        return CommitPipeline(limits: limits, hotBytes: 1 << 30)
    }

    @Test func everyChangeIsCommittedOnceAndInOrder() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed)
        for _ in 0..<200 {
            var pipeline = makePipeline(bytesLeast: 4096)
            var queued = 0
            var disk: [Int] = []
            var awaited: UInt64 = 0
            var told: UInt64 = 0
            for _ in 0..<200 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<5:
                    pipeline.append(change(queued), now: 0)
                    queued += 1
                case 5:
                    if pipeline.needsMarker {
                        pipeline.append(change(queued), now: 0)
                        queued += 1
                    }
                    pipeline.hurry()
                    awaited = pipeline.sequence
                    let due = pipeline.due(flushIntervalMs: 100, isClosing: false, now: 0)
                    #expect(due == 0 || awaited == told, "seed \(seed)")
                default:
                    guard pipeline.due(flushIntervalMs: 100, isClosing: true, now: 0) != nil else { continue }
                    let batch = pipeline.takeBatch(row: Int64(queued))
                    let isAwaited = awaited > pipeline.committedSequence
                    #expect(batch.isAwaited == isAwaited, "seed \(seed)")
                    pipeline.check()
                    let failures: [ColdFailure?] = [nil, nil, .full, .io, .corrupt]
                    if let failure = failures.randomElement(using: &random)! {
                        let (sequence, _) = pipeline.failed(batch, ColdError(failure, "failed"))
                        let (newest, reason) = (pipeline.sequence, pipeline.degraded)
                        #expect(sequence == newest && reason == "failed")
                    } else {
                        disk += numbers(batch)
                        let wasDegraded = pipeline.degraded != nil
                        let outcome = pipeline.committed(
                            batch, tookMs: 1, flushIntervalMs: 100, hotBytes: 1 << 30)
                        let (isDegraded, hasRest) = (pipeline.degraded != nil, pipeline.failedBatch != nil)
                        switch outcome {
                        case .part: #expect(isDegraded && hasRest)
                        case .all: #expect(!wasDegraded)
                        case .recovered: #expect(wasDegraded && !isDegraded)
                        }
                        told = batch.sequence
                        let committed = pipeline.committedSequence
                        #expect(committed == UInt64(disk.count), "seed \(seed)")
                    }
                }
                pipeline.check()
                #expect(disk == Array(0..<disk.count), "seed \(seed)")
            }
            while pipeline.due(flushIntervalMs: 100, isClosing: true, now: 0) != nil {
                let batch = pipeline.takeBatch(row: 0)
                disk += numbers(batch)
                _ = pipeline.committed(batch, tookMs: 1, flushIntervalMs: 100, hotBytes: 1 << 30)
            }
            let (isEmpty, pending) = (pipeline.isEmpty, pipeline.pendingCount)
            #expect(disk == Array(0..<queued) && isEmpty && pending == 0, "seed \(seed)")
        }
    }

    /// One reading of damage may be a wrong reading; the second one is not.
    @Test func damageIsBelievedTheSecondTime() {
        var pipeline = makePipeline()
        pipeline.append(change(0), now: 0)
        _ = pipeline.failed(pipeline.takeBatch(row: 0), ColdError(.corrupt, "damaged"))
        expectDamage(pipeline, isConfirmed: false)
        // Something else in between: it is not the same damage.
        _ = pipeline.failed(pipeline.takeBatch(row: 0), ColdError(.io, "failed"))
        _ = pipeline.failed(pipeline.takeBatch(row: 0), ColdError(.corrupt, "damaged"))
        expectDamage(pipeline, isConfirmed: false)
        _ = pipeline.failed(pipeline.takeBatch(row: 0), ColdError(.corrupt, "damaged"))
        expectDamage(pipeline, isConfirmed: true)
        pipeline.check()
        pipeline.lose()
        pipeline.check()
        let (failure, isEmpty) = (pipeline.lastFailure, pipeline.isEmpty)
        #expect(failure == nil && isEmpty)
        expectDamage(pipeline, isConfirmed: false)
    }

    @Test func aLossIsRecoveredFromOnce() {
        var pipeline = makePipeline()
        let isNews = pipeline.recover(from: .io, isConfirmed: false)
        let isNewsAgain = pipeline.recover(from: .corrupt, isConfirmed: true)
        let due = pipeline.due(flushIntervalMs: 100, isClosing: false, now: 0)
        #expect(isNews && !isNewsAgain && due == 0)
        let batch = pipeline.takeBatch(row: 0)
        let isOver = !pipeline.needsRecovery
        #expect(batch.isRetry && batch.writes.isEmpty && isOver)
        let outcome = pipeline.committed(batch, tookMs: 1, flushIntervalMs: 100, hotBytes: 1 << 30)
        let failure = pipeline.lastFailure
        #expect(outcome == .all && failure == nil)
    }

    @Test func aStallIsSaidOnceAndTakesNothingBack() {
        var pipeline = makePipeline()
        pipeline.append(change(0), now: 0)
        let news = [pipeline.stall("hangs for 5 s"), pipeline.stall("hangs for 6 s")]
        let (stalled, degraded) = (pipeline.stalled, pipeline.degraded)
        #expect(news == [true, false] && stalled == "hangs for 6 s" && degraded == nil)
        let isOver = pipeline.stall(nil)
        let (stalledNow, pending) = (pipeline.stalled, pipeline.pendingCount)
        #expect(isOver && stalledNow == nil && pending == 1)
    }

    @Test func connectionsThatWaitForRoomAreToldOnceThereIsSome() {
        var pipeline = makePipeline(bytesLeast: 1024)
        var number = 0
        while !pipeline.isFull {
            pipeline.append(change(number), now: 0)
            number += 1
        }
        pipeline.waitForRoom(1)
        let none = pipeline.takeWaitingForRoom()
        let batch = pipeline.takeBatch(row: 0)
        let told = (pipeline.takeWaitingForRoom(), pipeline.takeWaitingForRoom())
        #expect(none.isEmpty && told.0 == [1] && told.1.isEmpty && batch.writes.count == number)
    }

    /// Who fills the queue waits; others, who put little, do not.
    @Test func oneWriterDoesNotFillTheQueueForOthers() {
        for areUsers in [false, true] {
            var pipeline = makePipeline(bytesLeast: 1 << 16)
            func writer(_ number: Int) -> QueueWriter {
                QueueWriter(
                    connection: ConnectionID(rawValue: UInt64(number)), uid: areUsers ? UInt32(number) : 0)
            }
            func put(_ number: Int) -> Bool {
                guard !pipeline.isFull(for: writer(number), adding: 0) else { return false }
                let cost = pipeline.queue.cost
                pipeline.append(change(0), now: 0)
                pipeline.note(writer(number), since: cost)
                return true
            }
            while put(1) || put(2) || put(3) {}
            var isFull = pipeline.isFull
            #expect(isFull)
            var others = 0
            while put(9) { others += 1 }
            let cost = pipeline.queue.cost
            #expect(others >= 5 && cost < 2 << 16, "\(others) changes, \(cost) bytes")
            let isTooLarge = pipeline.isFull(for: writer(8), adding: 1 << 16)
            #expect(isTooLarge)
            // All that was noted was of this batch.
            _ = pipeline.takeBatch(row: 0)
            isFull = pipeline.isFull(for: writer(1), adding: 0)
            #expect(!isFull)
        }
    }
}
