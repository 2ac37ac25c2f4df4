import Foundation
import Synchronization
import TestSupport
import Testing

@testable import MemoRegion

/// Holds readers up at random, at the worst places.
private protocol HeldUp: RegionProbe { static var omitted: RegionCheck? { get } }

private let pauses = Atomic<UInt64>(1)

extension HeldUp {
    static var isNone: Bool { false }
    static func pause() {
        let word = pauses.wrappingAdd(0x9e37_79b9_7f4a_7c15, ordering: .relaxed).newValue
        let mixed = (word ^ (word >> 29)) &* 0xbf58_476d_1ce4_e5b9
        guard (mixed >> 40) & 31 == 0 else { return }
        if mixed & 1 == 0 {
            sched_yield()
        } else {
            for _ in 0..<(mixed >> 52) { _ = pauses.load(ordering: .relaxed) }
        }
    }
    static func skips(_ check: RegionCheck) -> Bool { check == omitted }
}

private enum AllChecks: HeldUp { static var omitted: RegionCheck? { nil } }
private enum NoSecondLook: HeldUp { static var omitted: RegionCheck? { .publication } }

/// Readers against a writer that overwrites, takes back, clears and comes round as fast as it can. Each hit must be
/// whole, of the key asked for, and no older than what was acknowledged before the look-up began.
@Suite(.serialized) struct RegionTortureTests {
    private static let keys = 256
    private static let functions = 4

    /// What the writer has acknowledged: no version before these may be read any more.
    private final class Acknowledged: @unchecked Sendable {
        let words = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: keys * functions + functions + 2)
        init() {
            for index in 0..<keys * functions + functions + 2 { (words + index).initialize(to: Atomic(0)) }
        }
        deinit { words.deallocate() }
        func entry(_ index: Int) -> UnsafeMutablePointer<Atomic<UInt64>> { words + index }
        func function(_ index: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
            words + keys * functions + index
        }
        var tag: UnsafeMutablePointer<Atomic<UInt64>> { words + keys * functions + functions }
        var all: UnsafeMutablePointer<Atomic<UInt64>> { words + keys * functions + functions + 1 }
    }

    private final class Shared: Sendable {
        let isOver = Atomic(false)
        let hits = Atomic(0)
        let wrong = Atomic(0)
    }

    private static func value(_ entry: Int, _ version: UInt64) -> [UInt8] {
        var random = SeededGenerator(version &* 4096 &+ UInt64(entry))
        let count = 16 + Int(random.next() % 400) + (random.next() % 97 == 0 ? 4000 : 0)
        var bytes = withUnsafeBytes(of: version.littleEndian) { Array($0) }
        while bytes.count < count {
            withUnsafeBytes(of: random.next() & 0x7f7f_7f7f_7f7f_7f7f) { bytes += $0 }
        }
        return bytes
    }

    private static func key(_ entry: Int) -> [UInt8] { Array("[\(entry),\"k\"]".utf8) }

    /// - Returns: how many hits there were, and how many of them were wrong.
    private func run<Probe: RegionProbe>(_: Probe.Type, seconds: Double, stopsAtFirst: Bool) throws -> (
        hits: Int, wrong: Int
    ) {
        let region = try RegionFixture(bytes: 128 << 10)
        let acknowledged = Acknowledged()
        let shared = Shared()
        let readers = try (0..<2).map { _ in try region.reader(notes: false) }
        let done = DispatchGroup()
        for (number, reader) in readers.enumerated() {
            done.enter()
            Thread {
                var random = SeededGenerator(UInt64(number) + 1)
                while !shared.isOver.load(ordering: .relaxed) {
                    let word = random.next()
                    var entry = Int(word % UInt64(Self.keys * Self.functions))
                    // Most look-ups are of a few keys, which the writer has in hand as well.
                    if word >> 60 < 12 { entry = entry % 16 * Self.functions + entry % Self.functions }
                    let function = entry % Self.functions
                    var least = max(
                        acknowledged.entry(entry).pointee.load(ordering: .acquiring),
                        acknowledged.function(function).pointee.load(ordering: .acquiring),
                        acknowledged.all.pointee.load(ordering: .acquiring))
                    if entry % 3 == 0 {
                        least = max(least, acknowledged.tag.pointee.load(ordering: .acquiring))
                    }
                    let found = Self.key(entry).withUnsafeBytes {
                        reader.get(UInt32(function + 10), place: function, $0, Probe.self)
                    }
                    guard let found else { continue }
                    shared.hits.wrappingAdd(1, ordering: .relaxed)
                    let version = found.value.withUnsafeBytes {
                        $0.count < 8 ? 0 : $0.loadUnaligned(as: UInt64.self)
                    }
                    if version < least || found.value != Self.value(entry, version) {
                        shared.wrong.wrappingAdd(1, ordering: .relaxed)
                    }
                }
                done.leave()
            }.start()
        }
        let end = Date().addingTimeInterval(seconds)
        var random = SeededGenerator(12345)
        var tickets: [Int: UInt32] = [:]
        var version: UInt64 = 1
        while Date() < end, !(stopsAtFirst && shared.wrong.load(ordering: .relaxed) > 0) {
            for _ in 0..<200 {
                let word = random.next()
                var entry = Int(word % UInt64(Self.keys * Self.functions))
                if word >> 60 < 12 { entry = entry % 16 * Self.functions + entry % Self.functions }
                let function = entry % Self.functions
                version += 1
                switch (word >> 32) % 1000 {
                case 0..<800:
                    if let old = tickets.removeValue(forKey: entry) { region.writer.unpublish(old) }
                    tickets[entry] = region.publish(
                        Self.key(entry), Self.value(entry, version), slot: UInt32(entry),
                        function: UInt32(function + 10),
                        place: function
                    ) { $0.isTagged = entry % 3 == 0 }
                    acknowledged.entry(entry).pointee.store(version, ordering: .releasing)
                case 800..<997:
                    if let old = tickets.removeValue(forKey: entry) { region.writer.unpublish(old) }
                    acknowledged.entry(entry).pointee.store(version, ordering: .releasing)
                case 997:
                    region.writer.clear(place: function)
                    acknowledged.function(function).pointee.store(version, ordering: .releasing)
                case 998:
                    region.writer.clearTagged()
                    acknowledged.tag.pointee.store(version, ordering: .releasing)
                default:
                    region.writer.clearAll()
                    acknowledged.all.pointee.store(version, ordering: .releasing)
                }
                for lost in region.writer.dropped { tickets[Int(lost)] = nil }
                region.writer.dropped.removeAll(keepingCapacity: true)
            }
        }
        shared.isOver.store(true, ordering: .relaxed)
        done.wait()
        region.writer.check()
        return (shared.hits.load(ordering: .relaxed), shared.wrong.load(ordering: .relaxed))
    }

    private static var seconds: Double {
        ProcessInfo.processInfo.environment["MEMOD_TORTURE_SECONDS"].flatMap(Double.init) ?? 3
    }

    @Test func noHitIsTornOrOld() throws {
        let (hits, wrong) = try run(AllChecks.self, seconds: Self.seconds, stopsAtFirst: false)
        #expect(wrong == 0)
        #expect(hits > 1000)
    }

    /// The torture notices what it is there for.
    @Test func aReaderWithoutTheSecondLookIsNoticed() throws {
        #expect(try run(NoSecondLook.self, seconds: 30, stopsAtFirst: true).wrong > 0)
    }
}
