import Foundation
import TestSupport
import Testing

@testable import MemoStore

/// Run by hand, in release mode: `MEMOD_BENCH_ROWS=1000000 swift test -c release -Xswiftc -enable-testing
/// --filter ColdBenchmark`. `MEMOD_BENCH_BYTES` is the size of a value (64), `MEMOD_BENCH_DISTINCT` the number
/// of different ones (all).
struct ColdBenchmark {
    private static func setting(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment["MEMOD_BENCH_" + name].flatMap { Int($0) }
    }

    @Test(.enabled(if: setting("ROWS") != nil)) func commitLoadRead() throws {
        let rows = Int64(try #require(Self.setting("ROWS")))
        let bytes = Self.setting("BYTES") ?? 64
        let fixture = try ColdFixture()
        var random = SeededGenerator(1)
        let values = (0..<(Self.setting("DISTINCT") ?? 0)).map { _ in random.bytes(bytes) }
        var database = try fixture.open()
        _ = try Loaded(database)
        try database.commit([.function(FunctionRow(id: 1, owner: -1, name: "f"))])

        let clock = ContinuousClock()
        var spent = Duration.zero
        var slowest = Duration.zero
        var lastMillion = Duration.zero
        for first in stride(from: 1, through: rows, by: 10_000) {
            let writes = ContiguousArray(
                (first..<first + 10_000).map { row in
                    var entry = TestEntry(
                        key: Array("[\"abcdefgh\",\(row)]".utf8),
                        value: values.randomElement(using: &random) ?? random.bytes(bytes))
                    entry.created = 1_800_000_000_000 + row
                    entry.fresh = entry.created + 600_000
                    entry.expires = entry.fresh
                    return StoreChange.insert(
                        row: row, function: 1, hash: random.next(), payload: entry.payload())
                })
            let time = try clock.measure {
                try database.commit(writes)
                try database.maintain()
            }
            for case .insert(_, _, _, let payload) in writes { payload.release() }
            spent += time
            lastMillion += time
            slowest = max(slowest, time)
            if (first + 9_999) % 1_000_000 == 0 {
                print("bench: \(first + 9_999) rows, \(1_000_000 / (lastMillion / .seconds(1))) rows/s")
                lastMillion = .zero
            }
        }
        print("bench: \(Double(rows) / (spent / .seconds(1))) rows/s, slowest batch \(slowest)")
        print("bench: \(try database.size()) \(database.interning)")
        try database.close()

        let opening = try clock.measure { database = try fixture.open() }
        var count = 0
        let loading = try clock.measure {
            _ = try database.load(
                function: { _ in }, tag: { _ in }, entry: { _ in count += 1 }, uses: { _ in })
        }
        print("bench: open \(opening), load \(count) entries \(loading)")

        let reader = try database.makeReader()
        for _ in 0..<3 {
            let time = try clock.measure {
                for _ in 0..<100_000 {
                    let row = Int64.random(in: 1...rows, using: &random)
                    guard case .found(let payload) = try reader.read(row: row) else {
                        Issue.record("row \(row) is not there")
                        continue
                    }
                    payload.release()
                }
            }
            print("bench: read \(time / 100_000)")
        }
        let scrubbing = try clock.measure {
            let scrub = try database.makeScrub()
            while try !scrub.step(rows: 1000).isLast {}
        }
        let copying = try clock.measure { try database.backup(to: fixture.directory + "/copy.db") }
        print("bench: scrub \(scrubbing), backup \(copying)")
    }
}
