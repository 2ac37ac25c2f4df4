import Foundation
import Testing

/// What one user is told must be the same whether or not another one has done anything: every operation is asked in two
/// households, which differ in nothing else, and the replies are compared.
@Suite(.enabled(if: Household.isPossible)) struct InterferenceTests {
    /// All that a user can do, with the names and keys that the other one uses too.
    private static let everything = [
        #"{"op":"ping"}"#,
        #"{"op":"hello","client":"c"}"#,
        #"{"op":"stats"}"#,
        #"{"op":"functions"}"#,
        #"{"op":"keys","fn":"f"}"#,
        #"{"op":"info","fn":"f"}"#,
        #"{"op":"why","fn":"f","key":1}"#,
        #"{"op":"why","fn":"f","key":"deleted"}"#,
        #"{"op":"why","fn":"bounded","key":1}"#,
        #"{"op":"get","fn":"f","key":1,"meta":true}"#,
        #"{"op":"get","fn":"f","key":"leased","lease_ms":60000,"wait_ms":0}"#,
        #"{"op":"mget","fn":"f","keys":[1,2,3,"deleted"]}"#,
        #"{"op":"touch","fn":"f","key":1,"ttl_ms":5}"#,
        #"{"op":"delete","fn":"f","key":2}"#,
        #"{"op":"clear","tag":"t"}"#,
        #"{"op":"clear","fn":"f"}"#,
        #"{"op":"clear","all":true}"#,
        #"{"op":"release","fn":"f","key":"leased","lease":"00000000000000000000000000000000"}"#,
        #"{"op":"put","fn":"f","key":1,"value":"x","if_absent":true,"tags":["t"]}"#,
        #"{"op":"put","fn":"f","key":2,"value":"mine","durable":true}"#,
        #"{"op":"mput","fn":"f","entries":[{"key":3,"value":3},{"key":4,"value":"x","if_absent":true}]}"#,
        #"{"op":"put","fn":"f","key":5,"value":0,"lease":"00000000000000000000000000000000"}"#,
        #"{"op":"get","fn":"f","key":1,"meta":true}"#,
        #"{"op":"keys","fn":"f","limit":2}"#,
        #"{"op":"define","fn":"bounded"}"#,
        #"{"op":"define","fn":"bounded","maxsize":1}"#,
        #"{"op":"put","fn":"bounded","key":1,"value":1}"#,
        #"{"op":"put","fn":"bounded","key":2,"value":2}"#,
        #"{"op":"info","fn":"bounded"}"#,
        #"{"op":"report","fn":"f","hits":3,"saved_ms":5}"#,
        #"{"op":"info","fn":"f"}"#,
        #"{"op":"functions","limit":1}"#,
        #"{"op":"functions","after":"bounded"}"#,
        #"{"op":"sync"}"#,
        #"{"op":"subscribe"}"#,
        #"{"op":"subscribe","fn":"f"}"#,
        #"{"op":"backup","path":"/tmp/memod-test-not-for-you.db"}"#,
        #"{"op":"why","fn":"bounded","key":1}"#,
        #"{"op":"clear","tag":"t"}"#,
        #"{"op":"delete","fn":"f","key":2}"#,
        #"{"op":"clear","fn":"f"}"#,
        #"{"op":"clear","all":true}"#,
        #"{"op":"stats"}"#,
        #"{"op":"ping"}"#,
    ]

    /// What the other user does before.
    private static let busyLife = [
        #"{"op":"define","fn":"bounded","maxsize":7,"typed":true}"#,
        #"{"op":"define","fn":"f","ttl_ms":60000}"#,
        #"{"op":"put","fn":"f","key":1,"value":"x","tags":["t"],"cost_ms":700}"#,
        #"{"op":"mput","fn":"f","entries":[{"key":2,"value":"x"},{"key":"deleted","value":3,"tags":["t","u"]}]}"#,
        #"{"op":"put","fn":"bounded","key":1,"value":1}"#,
        #"{"op":"put","fn":"g","key":1,"value":1}"#,
        #"{"op":"get","fn":"f","key":1}"#,
        #"{"op":"get","fn":"f","key":"absent"}"#,
        #"{"op":"report","fn":"f","hits":1000}"#,
        #"{"op":"delete","fn":"f","key":"deleted"}"#,
        #"{"op":"get","fn":"f","key":"leased","lease_ms":600000}"#,
        #"{"op":"subscribe"}"#,
    ]

    /// Replies without what only chance and time decide.
    private func ask(_ peer: Peer, _ requests: [String]) throws -> [String] {
        try requests.map {
            var reply = try peer.call($0)
            // One's own events come between the replies, sooner or later.
            while reply.has("event") { reply = try peer.reply() }
            var text = reply.text
            // Times, tokens, and cursors, which are not for people.
            for (pattern, replacement) in [
                (#""(age|uptime|ago)_ms":\d+"#, "\"$1_ms\":0"),
                (#""ttl_ms":\d+"#, "\"ttl_ms\":0"),
                (#""lease":"[0-9a-f]{32}""#, "\"lease\":\"\""),
                (#""next":"\d+""#, "\"next\":\"\""),
                (#""instance":"[0-9a-f]+""#, "\"instance\":\"\""),
            ] {
                text = text.replacingOccurrences(of: pattern, with: replacement, options: .regularExpression)
            }
            return text
        }
    }

    /// What Bob is told in a household where Alice was busy before, or was not.
    private func bobsReplies(isolation: String, aliceIsBusy: Bool) throws -> [String] {
        let household = try Household(isolation: isolation)
        let alice = try household.alice.connect()
        if aliceIsBusy { for request in Self.busyLife { _ = try alice.call(request) } }
        return try ask(household.bob.connect(), Self.everything)
    }

    @Test func whatOneDoesTheOtherCannotTell() throws {
        let alone = try bobsReplies(isolation: "user", aliceIsBusy: false)
        let beside = try bobsReplies(isolation: "user", aliceIsBusy: true)
        for (request, (one, other)) in zip(Self.everything, zip(alone, beside)) {
            #expect(one == other, "\(request)")
        }
        #expect(!FileManager.default.fileExists(atPath: "/tmp/memod-test-not-for-you.db"))
    }

    /// The comparison would notice: without isolation most of these replies differ.
    @Test func withoutIsolationTheOtherCanTell() throws {
        let alone = try bobsReplies(isolation: "none", aliceIsBusy: false)
        let beside = try bobsReplies(isolation: "none", aliceIsBusy: true)
        #expect(zip(alone, beside).count { $0 != $1 } >= 15)
    }

    @Test func whatOneHasTheOtherCannotChange() throws {
        let observation = [
            #"{"op":"get","fn":"f","key":1,"meta":true}"#, #"{"op":"get","fn":"f","key":2}"#,
            #"{"op":"why","fn":"f","key":"deleted"}"#, #"{"op":"keys","fn":"f"}"#,
            #"{"op":"functions"}"#, #"{"op":"info","fn":"bounded"}"#, #"{"op":"stats"}"#,
            #"{"op":"get","fn":"f","key":"leased","lease_ms":1000}"#,
        ]
        let observed = try [false, true].map { bobIsBusy in
            let household = try Household()
            let alice = try household.alice.connect()
            for request in Self.busyLife.dropLast() { _ = try alice.call(request) }
            if bobIsBusy { _ = try ask(household.bob.connect(), Self.everything) }
            let watcher = try household.alice.connect()
            return try ask(watcher, observation)
        }
        for (request, (one, other)) in zip(observation, zip(observed[0], observed[1])) {
            #expect(one == other, "\(request)")
        }
    }
}
