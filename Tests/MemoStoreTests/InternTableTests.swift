import Glibc
import Testing

@testable import MemoStore

@Suite struct InternTableTests {
    /// Memory of entries with the same value, with and without sharing it.
    private func bytes(entries: Int, valueBytes: Int, isOn: Bool) -> Int {
        let table = InternTable(isOn: isOn, seed: 1)!
        let value = [UInt8](repeating: 7, count: valueBytes)
        let payloads = (0..<entries).map { number in
            Array("\(number)".utf8).withUnsafeBytes { key in
                value.withUnsafeBytes { value in
                    Payload.allocate(
                        EntryMetadata(created: 0), tags: [], key: key, value: value,
                        block: table.intern(value))!
                }
            }
        }
        for payload in payloads { #expect(payload.value.elementsEqual(value)) }
        let bytes = payloads.reduce(table.bytes) { $0 + $1.footprint }
        for payload in payloads { payload.release() }
        #expect(table.bytes == 0 && table.references == 0 && table.savedBytes == 0 && table.count == 0)
        return bytes
    }

    /// The sizes that `InternTable` states.
    @Test func itPaysFromTheSizesThatAreStated() {
        for size in [32, 64, 80, 96, 128, 256, 511, 512, 1024, 16384] {
            var line = "\(size) bytes:"
            for entries in [1, 2, 3, 4, 5, 100] {
                let with = bytes(entries: entries, valueBytes: size, isOn: true)
                let without = bytes(entries: entries, valueBytes: size, isOn: false)
                line += " \(entries): \(with) instead of \(without)"
                switch (entries, size) {
                case (1, ..<512), (_, ..<64): #expect(with == without)
                case (1, _): #expect(with - without <= 96)
                case (2, ..<512): #expect(with - without <= 96)
                case (2, _), (3, 128...), (4, 80...), (5..., _): #expect(with < without)
                default: #expect(with - without <= 64)
                }
            }
            print(line)
        }
    }

    @Test func anotherValueHasItsOwnBlock() {
        let table = InternTable(isOn: true, seed: 1)!
        let (one, other) = ([UInt8](repeating: 1, count: 600), [UInt8](repeating: 2, count: 600))
        let first = one.withUnsafeBytes { table.intern($0) }!
        let second = other.withUnsafeBytes { table.intern($0) }!
        #expect(first != second)
        #expect(one.withUnsafeBytes { table.intern($0) } == first)
        #expect(InternTable.value(first).elementsEqual(one) && InternTable.value(second).elementsEqual(other))
        #expect(table.count == 2 && table.references == 3 && table.savedBytes == 600)
        for block in [first, first, second] { InternTable.release(block) }
        #expect(table.count == 0 && table.bytes == 0)
    }
    @Test func wholePagesOfALargeValueAreLentFromTheSecondTime() {
        let table = InternTable(isOn: true, seed: 1)!
        for (size, isLent) in [(32_767, false), (32_768, true), (100_000, true)] {
            let value = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let block = value.withUnsafeBytes { table.intern($0) }!
            #expect(InternTable.lend(block).isEmpty)
            let pages = InternTable.lend(block)
            #expect(pages.isEmpty != isLent)
            if isLent {
                let offset = pages.baseAddress! - InternTable.value(block).baseAddress!
                let page = Int(getpagesize())
                #expect(UInt(bitPattern: pages.baseAddress!) % UInt(page) == 0 && pages.count % page == 0)
                #expect(offset < page && size - offset - pages.count < page)
                #expect(pages.elementsEqual(value[offset...].prefix(pages.count)))
            }
            InternTable.release(block)
        }
        #expect(table.count == 0 && table.bytes == 0)
    }
}
