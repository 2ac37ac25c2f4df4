import Glibc
import TestSupport
import Testing

@testable import MemoRegion

/// Leaves one check out.
private protocol Omission: RegionProbe { static var check: RegionCheck { get } }

extension Omission {
    static var isNone: Bool { true }
    static func pause() {}
    static func skips(_ check: RegionCheck) -> Bool { check == self.check }
}

private enum NoMark: Omission { static var check: RegionCheck { .mark } }
private enum NoKey: Omission { static var check: RegionCheck { .key } }
private enum NoFreshness: Omission { static var check: RegionCheck { .freshness } }
private enum NoFunctionWord: Omission { static var check: RegionCheck { .functionWord } }
private enum NoClearedBelow: Omission { static var check: RegionCheck { .clearedBelow } }
private enum NoTagEpoch: Omission { static var check: RegionCheck { .tagEpoch } }
private enum NoState: Omission { static var check: RegionCheck { .state } }
private enum NoAlive: Omission { static var check: RegionCheck { .alive } }

/// Each check keeps a wrong value from being taken: without it, it is. (`RegionTortureTests` has the
/// second look at the number.)
@Suite struct RegionReaderTests {
    /// Two keys of one length with the same checksum, for functions of these numbers.
    private func collision(_ functions: (UInt32, UInt32)) -> (String, String)? {
        let checksum = KeyChecksum.shared
        var seen: [UInt32: String] = [:]
        var random = SeededGenerator(5)
        func sum(_ key: String, _ function: UInt32) -> UInt32 {
            Array(key.utf8).withUnsafeBytes { checksum($0, start: 0x1234_5678 ^ function) }
        }
        func key() -> String { "[\(UInt64.random(in: 1_000_000_000..<9_999_999_999, using: &random))]" }
        for _ in 0..<200_000 {
            let text = key()
            seen[sum(text, functions.0)] = text
        }
        for _ in 0..<4_000_000 {
            let text = key()
            if let other = seen[sum(text, functions.1)], other != text || functions.0 != functions.1 {
                return (other, text)
            }
        }
        return nil
    }

    @Test func theKeyIsCompared() throws {
        let (one, other) = try #require(collision((7, 7)))
        let region = try RegionFixture()
        let reader = try region.reader()
        region.publish(one, "1")
        #expect(reader.text(one) == "1")
        #expect(reader.text(other) == nil)
        #expect(reader.text(other, NoKey.self) == "1")
        region.publish(other, "2", slot: 1)
        #expect(reader.text(one) == "1")
        #expect(reader.text(other) == "2")
    }

    /// The checksums of one key for two functions always differ, so that a key alone never leads to the other's block:
    /// the check is seen by leaving the key's out as well.
    @Test func theFunctionIsCompared() throws {
        enum Neither: RegionProbe {
            static var isNone: Bool { true }
            static func pause() {}
            static func skips(_ check: RegionCheck) -> Bool { check == .key || check == .function }
        }
        let (one, other) = try #require(collision((7, 8)))
        let region = try RegionFixture()
        let reader = try region.reader()
        region.publish(one, "1", function: 7)
        #expect(reader.text(other, function: 8, NoKey.self) == nil)
        #expect(reader.text(other, function: 8, Neither.self) == "1")
    }

    /// As a daemon leaves it that died half way: the index leads to it, and its number is 0.
    @Test func aDeadBlockIsNotTaken() throws {
        let region = try RegionFixture()
        let reader = try region.reader()
        let ticket = try #require(region.publish("[1]", "1"))
        let key = UnsafeMutableRawPointer(mutating: region.key(ticket))
        (key - RegionLayout.headBytes).storeBytes(of: 0, as: UInt64.self)
        #expect(reader.text("[1]") == nil)
        #expect(reader.text("[1]", NoMark.self) == "1")
    }

    @Test func whatEndsIsAMissWhenItsTimeIsOver() throws {
        let region = try RegionFixture()
        let reader = try region.reader()
        region.publish("[1]", "1", slot: 1) { $0.freshUntil = BootTime.nowMs + 3_600_000 }
        region.publish("[2]", "2", slot: 2) { $0.freshUntil = BootTime.nowMs }
        #expect(reader.text("[1]") == "1")
        #expect(reader.text("[2]") == nil)
        #expect(reader.text("[2]", NoFreshness.self) == "2")
        // With another clock nothing that ends can be judged.
        #expect(try region.reader(servesEnding: false).text("[1]") == nil)
        region.publish("[3]", "3", slot: 3)
        #expect(try region.reader(servesEnding: false).text("[3]") == "3")
    }

    @Test func clearsHideWhatWasPublishedBefore() throws {
        let region = try RegionFixture()
        let reader = try region.reader()
        region.publish("[1]", "1", slot: 1)
        region.publish("[2]", "2", slot: 2, place: 4)
        region.publish("[3]", "3", slot: 3, place: 5) { $0.isTagged = true }
        region.writer.clear(place: 3)
        #expect(reader.text("[1]") == nil)
        #expect(reader.text("[1]", NoFunctionWord.self) == "1")
        #expect(reader.text("[2]", place: 4) == "2")
        region.writer.clearTagged()
        #expect(reader.text("[3]", place: 5) == nil)
        #expect(reader.text("[3]", place: 5, NoTagEpoch.self) == "3")
        #expect(reader.text("[2]", place: 4) == "2")
        region.writer.clearAll()
        #expect(reader.text("[2]", place: 4) == nil)
        #expect(reader.text("[2]", place: 4, NoClearedBelow.self) == "2")
        region.publish("[4]", "4", slot: 4)
        #expect(reader.text("[4]") == "4")
    }

    @Test func aClosedRegionIsReadNoMore() throws {
        let region = try RegionFixture()
        let reader = try region.reader()
        region.publish("[1]", "1")
        #expect(reader.isOpen)
        (region.writer.memory.base + RegionLayout.stateOffset).storeBytes(
            of: RegionLayout.closed, as: UInt32.self)
        #expect(reader.text("[1]") == nil && !reader.isOpen)
        #expect(reader.text("[1]", NoState.self) == "1")
        region.writer.close()
        #expect(reader.text("[1]", NoState.self) == nil, "its memory is given back")
    }

    @Test func aDeadDaemonsRegionIsReadNoMore() throws {
        let region = try RegionFixture()
        let reader = try region.reader()
        region.publish("[1]", "1")
        region.keeper.close()
        #expect(reader.text("[1]") == nil && !reader.isOpen)
        #expect(reader.text("[1]", NoAlive.self) == "1")
        #expect(throws: RegionError.self) { try region.reader() }
    }

    @Test func withoutNotesEntriesWithAnExactOrderAreMisses() throws {
        let region = try RegionFixture()
        region.publish("[1]", "1", slot: 1) { $0.isExact = true }
        region.publish("[2]", "2", slot: 2)
        let reader = try region.reader(notes: false)
        #expect(reader.text("[1]") == nil)
        #expect(reader.text("[2]") == "2")
    }

    @Test func aFullRingMakesExactEntriesMisses() throws {
        let region = try RegionFixture()
        region.publish("[1]", "1", slot: 1) { $0.isExact = true }
        region.publish("[2]", "2", slot: 2)
        let reader = try region.reader()
        for _ in 0..<1024 { #expect(reader.text("[1]") == "1") }
        #expect(reader.text("[1]") == nil)
        #expect(reader.text("[2]") == "2")
        var notes: [UseNote] = []
        region.uses.drain(into: &notes)
        #expect(notes.count == 1024)
        #expect(reader.text("[1]") == "1")
        var counted: Int64 = 0
        region.uses.takeCounts(places: 16) { place, hits, _ in counted += place == 3 ? hits : 0 }
        #expect(counted == 1026)
    }

    @Test func costsAreCounted() throws {
        let region = try RegionFixture()
        region.publish("[1]", "1") { $0.costMs = 40 }
        let reader = try region.reader()
        for _ in 0..<3 { #expect(reader.text("[1]") == "1") }
        var counts: [Int64] = []
        region.uses.takeCounts(places: 16) { counts += [Int64($0), $1, $2] }
        #expect(counts == [3, 3, 120])
        region.uses.takeCounts(places: 16) { _, _, _ in Issue.record("counted twice") }
    }

    @Test func garbageInUsesIsBoundedAndHarmless() throws {
        var random = SeededGenerator(11)
        let region = try RegionFixture()
        region.publish("[1]", "1")
        for _ in 0..<300 {
            let memory = UnsafeMutableRawBufferPointer(
                start: region.uses.memory.base,
                count: RegionLayout.countersOffset + 16 * RegionLayout.counterBytes)
            for _ in 0..<200 {
                memory[Int.random(in: 0..<memory.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            var notes: [UseNote] = []
            region.uses.drain(into: &notes)
            #expect(notes.count <= 1024)
            for note in notes { _ = region.writer.used(note.ticket, generation: note.generation) }
            region.uses.takeCounts(places: 16) { place, hits, saved in
                #expect((0..<16).contains(place) && hits >= 0 && hits <= 1 << 32 && saved >= 0)
            }
        }
        region.writer.check()
    }

    /// Whatever stands in a region, a reader neither crashes nor reads beyond it.
    @Test(arguments: 1...4) func malformedRegionsAreRefusedOrRead(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let region = try RegionFixture(bytes: 128 << 10)
        let bytes = UnsafeMutableRawBufferPointer(
            start: region.writer.memory.base, count: region.writer.memory.size)
        for slot in 0..<200 {
            region.publish("[\(slot)]", "\"\(String(repeating: "x", count: slot))\"", slot: UInt32(slot))
        }
        let original = Array(bytes)
        for round in 0..<150 {
            bytes.copyBytes(from: original)
            let range = round % 3 == 0 ? 0..<160 : 0..<bytes.count
            for _ in 0..<(round % 3 == 0 ? 2 : 3000) {
                bytes[Int.random(in: range, using: &random)] =
                    [0, 0xff, 0xfe, UInt8.random(in: 0...255, using: &random)].randomElement(using: &random)!
            }
            guard let reader = try? region.reader() else { continue }
            for slot in 0..<200 { _ = reader.text("[\(slot)]") }
        }
    }

    @Test func memoryThatMayBeCutIsRefused() throws {
        let region = try RegionFixture()
        var template = Array("/tmp/memod-region-XXXXXX".utf8CString)
        let file = mkstemp(&template)
        unlink(template)
        defer { close(file) }
        #expect(ftruncate(file, 1 << 20) == 0)
        let control = try ControlView(region.keeper.descriptor)
        #expect(throws: RegionError.self) { try RegionReader(region: file, uses: nil, control: control) }
        #expect(throws: RegionError.self) { try RegionReader(region: -1, uses: nil, control: control) }
    }

    @Test func readersCannotWrite() throws {
        let region = try RegionFixture()
        for descriptor in [region.writer.memory.readable, region.keeper.descriptor] {
            #expect(mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0) == MAP_FAILED)
            #expect(ftruncate(descriptor, 0) != 0)
            var status = stat()
            #expect(fstat(descriptor, &status) == 0 && status.st_mode & 0o777 == 0o400)
        }
        // No one can, whoever opens the control page anew.
        let anew = open("/proc/self/fd/\(region.keeper.descriptor)", O_RDWR | O_CLOEXEC)
        if anew >= 0 {
            #expect(mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, anew, 0) == MAP_FAILED)
            close(anew)
        }
    }
}
