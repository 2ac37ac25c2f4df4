import Foundation
import Testing

@testable import MemoStore

/// What tells a database that is as it was left from one that is not.
struct CommitWitnessTests {
    private let directory: String
    private var path: String { directory + "/memod.db.commit" }

    init() throws {
        directory = NSTemporaryDirectory() + "witness-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    private func state(_ number: UInt64, synced: UInt64 = 0, boot: UInt64 = 1) -> CommitWitness.State {
        CommitWitness.State(
            mark: CommitMark(database: 7, number: number, chain: 1000 + number, previous: 0), synced: synced,
            boot: boot)
    }

    private func mark(_ number: UInt64) -> CommitMark {
        CommitMark(database: 7, number: number, chain: 1000 + number, previous: 999 + number)
    }

    @Test func theNewestIsReadBack() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        #expect(try CommitWitness(path: path).read() == nil)
        let witness = CommitWitness(path: path)
        for number in UInt64(1)...9 {
            try witness.write(state(number, synced: number / 2))
            #expect(try CommitWitness(path: path).read() == state(number, synced: number / 2))
        }
        // Another process goes on where this one ended.
        let next = CommitWitness(path: path)
        _ = try next.read()
        try next.write(state(3, boot: 2))
        #expect(try CommitWitness(path: path).read() == state(3, boot: 2))
    }

    /// Whatever one bit says, what is read is one of the last two states, or nothing.
    @Test func aFlippedBitLeavesTheStateBefore() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let witness = CommitWitness(path: path)
        for number in UInt64(1)...4 { try witness.write(state(number)) }
        let sound = try Data(contentsOf: URL(fileURLWithPath: path))
        for bit in 0..<sound.count * 8 where bit / 8 % 512 < 64 {
            var data = sound
            data[bit / 8] ^= 1 << (bit % 8)
            try data.write(to: URL(fileURLWithPath: path))
            let read = try CommitWitness(path: path).read()
            #expect(read == state(4) || read == state(3), "bit \(bit): \(String(describing: read))")
        }
        try Data().write(to: URL(fileURLWithPath: path))
        #expect(try CommitWitness(path: path).read() == nil)
    }

    @Test func oneThatWasRemovedIsMadeAnew() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let witness = CommitWitness(path: path)
        try witness.write(state(1))
        try FileManager.default.removeItem(atPath: path)
        try witness.write(state(2))
        #expect(try CommitWitness(path: path).read() == state(2))
    }

    @Test func withinABootNothingMayBeMissing() {
        let left = state(10, synced: 4)
        #expect(left.judge(mark(10), boot: 1) == .asLeft)
        #expect(left.judge(mark(11), boot: 1) == .asLeft, "killed between the commit and its witness")
        for older in UInt64(0)..<10 { #expect(isDamaged(left.judge(mark(older), boot: 1)), "\(older)") }
        var other = mark(10)
        other.chain += 1
        #expect(isDamaged(left.judge(other, boot: 1)), "another history")
        #expect(isUnknown(left.judge(mark(12), boot: 1)))
        other = mark(3)
        other.database = 8
        #expect(isUnknown(left.judge(other, boot: 1)), "another database, such as a backup")
    }

    @Test func aPowerLossTakesOnlyWhatWasNotSynced() {
        let left = state(10, synced: 4)
        #expect(left.judge(mark(10), boot: 2) == .asLeft)
        #expect(left.judge(mark(7), boot: 2) == .lostByPower(3))
        #expect(left.judge(mark(4), boot: 2) == .lostByPower(6))
        #expect(isDamaged(left.judge(mark(3), boot: 2)))
    }

    @Test func aChainKnowsItsOwnCommits() {
        var chain = CommitChain(newest: .first())
        let first = chain.newest
        let attempted = chain.attempt()
        #expect(attempted.follows(first) && attempted.number == 1)
        // The commit failed, and no one knows whether it is there: both are right.
        for found in [first, attempted] {
            var resumed = chain
            let isRight = resumed.resume(from: found)
            #expect(isRight && resumed.newest == found)
        }
        chain.committed()
        #expect(chain.newest == attempted)
        var resumed = chain
        let isRolledBack = !resumed.resume(from: first)
        #expect(isRolledBack)
        // The same database, gone on elsewhere.
        var copy = CommitChain(newest: attempted)
        _ = copy.attempt()
        copy.committed()
        _ = chain.attempt()
        chain.committed()
        let isAnother = !resumed.resume(from: copy.newest)
        #expect(isAnother && copy.newest.number == chain.newest.number)
        #expect(!copy.newest.isSameCommit(as: chain.newest))
    }

    private func isDamaged(_ verdict: CommitWitness.State.Verdict) -> Bool {
        if case .damaged = verdict { true } else { false }
    }

    private func isUnknown(_ verdict: CommitWitness.State.Verdict) -> Bool {
        if case .unknown = verdict { true } else { false }
    }
}
