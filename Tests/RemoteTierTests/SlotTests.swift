import RemoteLink
import Testing

@testable import RemoteTier

struct SlotTests {
    private static let here = ServerAddress.Place.tcp(host: "10.0.0.1", port: 7000)

    @Test func keysAreInTheSlotsThatTheClusterSays() {
        // As CLUSTER KEYSLOT answers.
        for (name, slot) in [
            ("123456789", 12_739), ("foo", 12_182), ("{user1000}.following", 3443),
            ("{user1000}.followers", 3443),
            ("foo{}{bar}", 8363), ("foo{{bar}}zap", 4015), ("foo{bar}{zap}", 5061), ("", 0),
        ] {
            #expect(KeySlot.of(name.wire) == slot, "\(name)")
        }
    }

    @Test func epochsAndLogOfANamespaceAreInOneSlotAndEntriesSpread() {
        let names = EntryNames(namespace: "ci".wire)
        #expect(KeySlot.of(names.epochs) == KeySlot.of(names.log))
        let slots = Set((0..<100).map { KeySlot.of(names.value(function: [1], key: [UInt8($0)])) })
        #expect(slots.count > 90)
    }

    @Test func redirectsAreRead() {
        func redirect(_ text: String) -> Redirect? { Redirect(RespError(text), from: Self.here) }
        #expect(
            redirect("MOVED 3999 127.0.0.1:6381") == .moved(slot: 3999, .tcp(host: "127.0.0.1", port: 6381)))
        #expect(redirect("ASK 1 ::1:6381") == .ask(slot: 1, .tcp(host: "::1", port: 6381)))
        #expect(redirect("MOVED 5 :7002") == .moved(slot: 5, .tcp(host: "10.0.0.1", port: 7002)))
        #expect(redirect("MOVED 5 ?:7002") == .moved(slot: 5, .tcp(host: "10.0.0.1", port: 7002)))
        for text in [
            "MOVED", "MOVED 1", "MOVED x 127.0.0.1:1", "MOVED 16384 127.0.0.1:1", "MOVED -1 127.0.0.1:1",
            "MOVED 1 127.0.0.1", "MOVED 1 127.0.0.1:0", "MOVED 1 127.0.0.1:65536", "ERR 1 127.0.0.1:1", "",
        ] {
            #expect(redirect(text) == nil, "\(text)")
        }
        #expect(Redirect(RespError("MOVED 5 :7002"), from: .unix(path: "/s")) == nil)
    }

    private static func range(_ first: Int64, _ last: Int64, _ host: RespValue, _ port: Int64) -> RespValue {
        .array([
            .integer(first), .integer(last), .array([host, .integer(port), .bulk("id".wire), .array([])]),
            .array([.bulk("replica".wire), .integer(1), .bulk("id".wire)]),
        ])
    }

    @Test func aMapSaysWhoHasWhatAndFollowsRedirects() throws {
        let reply = RespValue.array([
            Self.range(0, 99, .bulk("a".wire), 1), Self.range(200, 16_383, .null, 2),
            Self.range(100, 100, .bulk("a".wire), 1),
        ])
        var map = try #require(SlotMap(clusterSlots: reply, askedAt: Self.here))
        #expect(map.places == [.tcp(host: "a", port: 1), .tcp(host: "10.0.0.1", port: 2)])
        #expect(map[0] == .tcp(host: "a", port: 1) && map[100] == map[0] && map[101] == nil)
        #expect(map[16_383] == .tcp(host: "10.0.0.1", port: 2))
        map.move(101, to: .tcp(host: "b", port: 3))
        #expect(map[101] == .tcp(host: "b", port: 3) && map[102] == nil && map.places.count == 3)
        let single = SlotMap(single: Self.here)
        #expect(single[0] == Self.here && single[16_383] == Self.here && !single.isCluster)
    }

    @Test func whatIsNoMapIsNone() {
        for reply: RespValue in [
            .null, .array([]), .array([.null]), .array([Self.range(-1, 5, .bulk("a".wire), 1)]),
            .array([Self.range(6, 5, .bulk("a".wire), 1)]),
            .array([Self.range(0, 16_384, .bulk("a".wire), 1)]),
            .array([Self.range(0, 5, .bulk("a".wire), 0)]),
            .array([Self.range(0, 5, .bulk("a".wire), 1 << 40)]),
            .array([.array([.integer(0), .integer(5)])]),
        ] {
            #expect(SlotMap(clusterSlots: reply, askedAt: Self.here) == nil, "\(reply)")
        }
    }

    @Test func anotherRunOfAnyServerIsAnotherIdentity() {
        let both = ServerIdentity.of(["a".wire, "b".wire])
        #expect(both == ServerIdentity.of(["b".wire, "a".wire]))
        #expect(
            both != ServerIdentity.of(["a".wire, "c".wire]) && both != ServerIdentity.of(["ab".wire, [0]]))
        #expect(ServerIdentity.of(["a".wire]) == "a".wire)
        #expect(ServerIdentity.of(["a".wire, []]).isEmpty && ServerIdentity.of([]).isEmpty)
    }
}
