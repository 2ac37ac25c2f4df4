import Foundation
import MemoRegion
import MemodFixture
import Testing

@testable import MemoClient

/// Hits that a client reads from the memory which the daemon publishes.
@Suite struct PublishedHitsSystemTests {
    private func key(_ number: Int) -> JSONText {
        JSONText(joining: [JSONText(number), JSONText(string: "k")])
    }

    /// Asks until the client reads the value by itself.
    private func publish(_ client: BlockingClient, _ number: Int, _ value: Int) throws {
        for _ in 0..<200 {
            #expect(try client.get("f", key(number)).value == JSONText(value))
            if client.published.find("f", key(number)) != nil { return }
        }
        Issue.record("\(number) is not published")
    }

    private func regionHits(_ client: BlockingClient) throws -> Int64 {
        try client.stats().object("region")?.int("hits") ?? -1
    }

    @Test func aBlockingClientReadsHitsAndNeverOldOnes() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let client = BlockingClient(path: fixture.socket)
        let other = BlockingClient(path: fixture.socket)
        for number in 0..<8 { try client.put("f", key(number), JSONText(number)) }
        for number in 0..<8 { try publish(client, number, number) }
        let before = try regionHits(client)
        for round in 0..<500 { #expect(try client.get("f", key(round % 8)).value == JSONText(round % 8)) }
        #expect(try regionHits(client) == before + 500)
        let found = try client.mget("f", [key(0), key(99), key(7)])
        #expect(found.map(\.value) == [JSONText(0), nil, JSONText(7)])

        try other.put("f", key(0), JSONText(100))
        try other.delete("f", key(1))
        try other.touch("f", key(2), ttl: .lasting(.zero))
        #expect(try (0..<3).map { try client.get("f", key($0)).value } == [JSONText(100), nil, nil])
        try other.clear(function: "f")
        for number in 0..<8 { #expect(client.published.find("f", key(number)) == nil) }
        #expect(try client.get("f", key(3)).value == nil)
        // What only the daemon knows is asked of it.
        try other.put("f", key(4), JSONText(4))
        try publish(client, 4, 4)
        #expect(try client.get("f", key(4), GetOptions(meta: true)).reply.string("tier") == "hot")
    }

    @Test func keysAndValuesOfAllKinds() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let client = BlockingClient(path: fixture.socket)
        let keys = try [
            "1", "-0.0", "1.50", "1e22", "15E-8", #""ünï \n \" ☃""#, "null", "[ 1, [2] ]",
            #"{"b":1,"a":{"d":[],"c":1.0}}"#,
        ].map { try JSONText(parsing: $0) }
        for typed in [false, true] {
            let function = "f\(typed)"
            try client.define(function, Profile(typed: typed))
            for (number, key) in keys.enumerated() { try client.put(function, key, JSONText(number)) }
            for _ in 0..<5 {
                for (number, key) in keys.enumerated() {
                    #expect(try client.get(function, key).value == JSONText(number))
                }
            }
            for (number, key) in keys.enumerated() {
                #expect(
                    client.published.find(function, key).map { JSONText(trusted: $0.value) }
                        == JSONText(number))
            }
        }
    }

    @Test func aDeadDaemonsHitsAreNotRead() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let client = BlockingClient(path: fixture.socket)
        try client.put("f", key(1), JSONText(1))
        try publish(client, 1, 1)
        let published = client.published
        try client.sync()
        fixture.killDaemon()
        #expect(published.find("f", key(1)) == nil)
        try fixture.startDaemon()
        let other = BlockingClient(path: fixture.socket)
        try other.put("f", key(1), JSONText(2))
        #expect(try client.get("f", key(1)).value == JSONText(2))
    }

    /// Asks the daemon until the memory is mapped, which happens in the background, and again if that took too long.
    private func ask(_ memo: Memo, _ number: Int, until holds: () -> Bool) async throws {
        for _ in 0..<60_000 where !holds() {
            _ = try await memo.get("square", JSONText(joining: [JSONText(number)]))
            try await Task.sleep(for: .milliseconds(1))
        }
        #expect(holds())
    }

    @Test func memoizedFunctionsAndTasksReadThem() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let statistics = BlockingClient(path: fixture.socket)
        /// - Parameter mapped: whether hits come from the daemon, and so the memory is mapped after some.
        /// - Returns: how many calls computed, and how many hits of the second half were read from the memory.
        func program(mapped: Bool) async throws -> (misses: Int64, hits: Int64) {
            let memo = fixture.memo()
            defer { memo.close() }
            let square = memo.memoize("square", maxsize: 512) { (number: Int) async throws in number * number
            }
            for number in 0..<100 { #expect(try await square(number) == number * number) }
            if mapped { try await ask(memo, 0) { memo.published.knows("square") } }
            let before = try regionHits(statistics)
            for number in 100..<200 { #expect(try await square(number) == number * number) }
            return (square.cacheInfo().misses, try regionHits(statistics) - before)
        }
        #expect(try await program(mapped: false) == (200, 0))
        #expect(try await program(mapped: true).misses == 0)
        let third = try await program(mapped: true)
        #expect(third.misses == 0 && third.hits == 100)

        let memo = fixture.memo()
        try await ask(memo, 7) { memo.published.find("square", JSONText(joining: [JSONText(7)])) != nil }
        let value = try await memo.get("square", JSONText(joining: [JSONText(7)])).value
        #expect(value == JSONText(49))
        let several = try await memo.mget("square", [JSONText(joining: [JSONText(7)]), JSONText(1)])
        #expect(several.map(\.value) == [JSONText(49), nil])
        try await memo.delete("square", JSONText(joining: [JSONText(7)]))
        #expect(try await memo.get("square", JSONText(joining: [JSONText(7)])).value == nil)
        memo.close()
        #expect(memo.published.find("square", JSONText(joining: [JSONText(8)])) == nil)
    }
}
