import Foundation
import Testing

/// What `forget`, patterns, `persist` and `max_bytes` do across restarts, for subscribers and among users.
@Suite struct ForgetTests {
    private func names(_ peer: Peer, _ fields: String = "") throws -> [String] {
        try peer.call("{\"op\":\"functions\"\(fields)}").list("functions").compactMap { $0["fn"] as? String }
    }

    @Test func whatIsForgottenStaysSoAfterACrash() throws {
        let home = try Home()
        var daemon = try Daemon(home)
        var peer = try daemon.connect()
        for name in ["f@1", "f@2", "g"] {
            #expect(try peer.put(name, "1", "1").isOK)
            #expect(try peer.get(name, "1").isHit)
        }
        #expect(try peer.define("f@1", "\"maxsize\":7").isOK)
        #expect(try peer.call(#"{"op":"forget","pattern":"f@*"}"#).int("forgotten") == 2)
        try daemon.kill()
        daemon = try Daemon(home)
        peer = try daemon.connect()
        #expect(try names(peer) == ["g"])
        #expect(try !peer.get("f@1", "1").isHit && peer.get("g", "1").isHit)
        #expect(try peer.call(Peer.request("info", "f@1"))["maxsize"] == nil)
    }

    @Test func leasesEndAndSubscribersAreTold() throws {
        let daemon = try Daemon()
        let (watcher, owner, waiter) = (try daemon.connect(), try daemon.connect(), try daemon.connect())
        #expect(try watcher.call(#"{"op":"subscribe"}"#).isOK)
        let token = try #require(owner.get("f", "1", #""lease_ms":60000"#).string("lease"))
        try waiter.send(Peer.request("get", "f", #""key":1"#, #""lease_ms":60000,"wait_ms":60000"#))
        // The waiter waits behind the lease once both were read.
        #expect(try watcher.call(#"{"op":"ping"}"#).isOK)
        let told = [try watcher.call(Peer.request("forget", "f")), try watcher.reply()]
        #expect(told.contains { $0.string("event") == "clear" } && told.contains { $0.int("cleared") == 0 })
        #expect(try owner.put("f", "1", "1", "\"lease\":\"\(token)\"").string("reason") == "lease_lost")
        #expect(try waiter.reply().has("lease"))
    }

    @Test func whatIsNotToPersistIsInNoFile() throws {
        let home = try Home()
        var daemon = try Daemon(home)
        var peer = try daemon.connect()
        #expect(try peer.define("secret", #""persist":false"#).isOK)
        let marks = ["kept out of files, the key", "kept out of files, the value"]
        #expect(try peer.put("secret", "\"\(marks[0])\"", "\"\(marks[1])\"", #""durable":true"#).isOK)
        #expect(try peer.put("public", "\"written\"", "\"to the disk\"").isOK)
        #expect(try peer.sync().isOK)
        #expect(try peer.call("{\"op\":\"backup\",\"path\":\"\(home.path)/copy.db\"}").isOK)
        #expect(try peer.get("secret", "\"\(marks[0])\"").value == "\"\(marks[1])\"")
        func holdsMark() throws -> Bool {
            try FileManager.default.contentsOfDirectory(atPath: home.path).contains { name in
                let data = FileManager.default.contents(atPath: home.path + "/" + name) ?? Data()
                return marks.contains { data.range(of: Data($0.utf8)) != nil }
            }
        }
        #expect(try !holdsMark())
        #expect(try daemon.stop() == .exited(0))
        #expect(try !holdsMark())
        daemon = try Daemon(home)
        peer = try daemon.connect()
        #expect(try !peer.get("secret", "\"\(marks[0])\"").isHit && peer.get("public", "\"written\"").isHit)
        #expect(try peer.call(Peer.request("info", "secret")).bool("persist") == false)
    }

    @Test func whatNothingUsedForAMonthIsRetired() throws {
        let home = try Home()
        let clock = try TestClock(home)
        let daemon = try Daemon(home, environment: clock.environment)
        let peer = try daemon.connect()
        #expect(try peer.define("old", #""maxsize":3"#).isOK)
        #expect(try !peer.get("old", "1").isHit)
        #expect(try peer.put("kept", "1", "1").isOK)
        // The maintenance thread notes the use twice a second.
        #expect(try peer.isSilent(for: 1.5))
        try clock.advance(31 * 86_400_000)
        let end = Moment.after(seconds: 30)
        while try names(peer) != ["kept"], Moment.now < end { _ = try peer.isSilent(for: 0.1) }
        #expect(try names(peer) == ["kept"])
        #expect(try peer.call(#"{"op":"stats"}"#).int("misses") == 1)
    }

    @Test(.enabled(if: Household.isPossible)) func patternsReachOnesOwn() throws {
        let household = try Household()
        let (alice, bob) = (try household.alice.connect(), try household.bob.connect())
        for peer in [alice, bob] { #expect(try peer.put("f", "1", "1").isOK) }
        #expect(try alice.put("common.f", "1", "1").isOK)
        #expect(try alice.call(Peer.request("forget", "common.f")).code == "forbidden")
        #expect(try alice.call(#"{"op":"clear","pattern":"*"}"#).int("cleared") == 1)
        #expect(try alice.call(#"{"op":"forget","pattern":"*"}"#).isOK)
        #expect(try bob.get("f", "1").isHit && bob.get("common.f", "1").isHit)
        #expect(try names(bob, #","pattern":"*f""#).sorted() == ["common.f", "f"])
    }
}
