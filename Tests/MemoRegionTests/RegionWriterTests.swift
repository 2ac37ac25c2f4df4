import Glibc
import TestSupport
import Testing

@testable import MemoRegion

@Suite struct RegionWriterTests {
    @Test func aPublishedEntryIsReadAndATakenBackOneIsNot() throws {
        let region = try RegionFixture()
        let reader = try region.reader()
        #expect(reader.text("[1]") == nil)
        let ticket = try #require(region.publish("[1]", "\"one\""))
        #expect(reader.text("[1]") == "\"one\"")
        #expect(reader.text("[1]", function: 8) == nil)
        #expect(reader.text("[2]") == nil)
        region.writer.unpublish(ticket)
        #expect(reader.text("[1]") == nil)
        region.writer.check()
    }

    @Test func whatIsTooLargeIsNotPublished() throws {
        let region = try RegionFixture()
        #expect(region.publish([UInt8](repeating: 0x31, count: 4097), [0x31]) == nil)
        #expect(region.publish([0x31], [UInt8](repeating: 0x31, count: 16385)) == nil)
        let value = [UInt8](repeating: 0x31, count: 16384)
        #expect(region.publish([0x31], value) != nil)
        #expect(try region.reader().get([0x31]) == value)
        region.writer.check()
    }

    @Test func aTakenBackValueIsZeroedWhereItStood() throws {
        let region = try RegionFixture()
        let ticket = try #require(region.publish("[1]", "\"a secret that must not stay\""))
        let value = region.writer.content(ticket).value
        #expect(value.contains(UInt8(ascii: "s")))
        region.writer.unpublish(ticket)
        #expect(value.allSatisfy { $0 == 0 })
    }

    @Test func whatWasUsedIsKeptWhenTheLogComesRound() throws {
        let region = try RegionFixture(bytes: 128 << 10)
        let reader = try region.reader()
        region.publish("\"hot\"", "1", slot: 1)
        var notes: [UseNote] = []
        for round in 0..<20_000 {
            region.publish(
                "[\(round)]", "\"\(String(repeating: "x", count: 100))\"", slot: UInt32(round + 10))
            if round % 50 == 0 {
                #expect(reader.text("\"hot\"") == "1", "round \(round)")
                notes.removeAll()
                region.uses.drain(into: &notes)
                for note in notes { _ = region.writer.used(note.ticket, generation: note.generation) }
            }
        }
        let rescues = region.writer.rescues
        #expect(rescues > 0)
        region.writer.check()
    }

    @Test func whatWasClearedDoesNotComeBackAtTheHeadOfTheLog() throws {
        for clear in 0..<3 {
            let region = try RegionFixture(bytes: 128 << 10)
            let reader = try region.reader()
            let ticket = try #require(region.publish("\"old\"", "1", slot: 1) { $0.isTagged = true })
            var notes: [UseNote] = []
            #expect(reader.text("\"old\"") == "1")
            region.uses.drain(into: &notes)
            #expect(region.used(ticket, notes[0].generation) == 1)
            switch clear {
            case 0: region.writer.clear(place: 3)
            case 1: region.writer.clearTagged()
            default: region.writer.clearAll()
            }
            let isVisible = region.writer.isVisible(ticket)
            #expect(!isVisible)
            for round in 0..<3000 {
                #expect(reader.text("\"old\"") == nil)
                region.publish(
                    "[\(round)]", "\"\(String(repeating: "x", count: 60))\"", slot: UInt32(round + 10))
            }
            let (dropped, rescues) = (region.writer.dropped, region.writer.rescues)
            #expect(dropped.contains(1))
            #expect(rescues == 0)
        }
    }

    @Test func aNewEntryIsFoundBeforeAClearedOneOfItsKey() throws {
        let region = try RegionFixture()
        let reader = try region.reader()
        region.publish("[1]", "\"old\"", slot: 1)
        region.writer.clear(place: 3)
        region.publish("[1]", "\"new\"", slot: 2)
        #expect(reader.text("[1]") == "\"new\"")
        let dropped = region.writer.dropped
        #expect(dropped == [1])
        region.writer.check()
    }

    @Test func aTicketNamesOneEntryOnly() throws {
        let region = try RegionFixture()
        let first = try #require(region.publish("[1]", "1", slot: 11))
        #expect(region.used(first, 0) == 11)
        region.writer.unpublish(first)
        let second = try #require(region.publish("[2]", "2", slot: 12))
        #expect(second == first)
        #expect(region.used(second, 0) == nil)
        #expect(region.used(second, 1) == 12)
        for garbage: UInt32 in [0, 2, 1000, .max] { #expect(region.used(garbage, 0) == nil) }
    }

    /// Random operations beside a dictionary: a reader finds exactly what is published, or less once there was too much.
    @Test(arguments: 1...6) func readersSeeWhatTheModelHas(_ seed: UInt64) throws {
        var random = SeededGenerator(seed)
        let region = try RegionFixture(bytes: seed % 2 == 0 ? 128 << 10 : 512 << 10)
        let reader = try region.reader()
        struct Entry {
            var value: String
            var ticket: UInt32
            var tagged: Bool
        }
        var model: [UInt32: Entry] = [:]
        func key(_ slot: UInt32) -> (String, UInt32, Int) {
            ("[\(slot),\"k\"]", 100 + slot % 4, Int(slot % 4))
        }
        for _ in 0..<6000 {
            let slot = UInt32.random(in: 0..<700, using: &random)
            let (text, function, place) = key(slot)
            switch Int.random(in: 0..<1000, using: &random) {
            case 0..<500:
                if let old = model[slot] { region.writer.unpublish(old.ticket) }
                let value =
                    "\"\(String(repeating: "v", count: Int.random(in: 0..<600, using: &random)))\(slot)\""
                let tagged = slot % 3 == 0
                let ticket = region.publish(text, value, slot: slot, function: function, place: place) {
                    $0.isTagged = tagged
                }
                model[slot] = ticket.map { Entry(value: value, ticket: $0, tagged: tagged) }
            case 500..<600:
                if let old = model.removeValue(forKey: slot) { region.writer.unpublish(old.ticket) }
            case 600..<603:
                region.writer.clear(place: place)
            case 603..<606:
                region.writer.clearTagged()
            case 606:
                region.writer.clearAll()
            default:
                var notes: [UseNote] = []
                let expected = model[slot].flatMap { region.writer.isVisible($0.ticket) ? $0.value : nil }
                #expect(reader.text(text, function: function, place: place) == expected)
                region.uses.drain(into: &notes)
                for note in notes {
                    if let used = region.writer.used(note.ticket, generation: note.generation) {
                        #expect(used == slot)
                    }
                }
            }
            for lost in region.writer.dropped { model[lost] = nil }
            region.writer.dropped.removeAll()
            let count = region.writer.count
            #expect(count == model.count)
        }
        region.writer.check()
        for (slot, entry) in model {
            let published = region.writer.slot(entry.ticket)
            #expect(published == slot)
        }
    }

    @Test func fullBucketsGiveWayToNewEntries() throws {
        let region = try RegionFixture(bytes: 1 << 20)
        // 3,000 small entries into 2,048 words, in a log that has room for all of them.
        for slot in 0..<3000 { region.publish("[\(slot)]", "1", slot: UInt32(slot)) }
        let (count, dropped) = (region.writer.count, region.writer.dropped.count)
        #expect(count + dropped == 3000)
        region.writer.check()
    }
}
