import Testing

@testable import RemoteTier

struct BreakerTests {
    @Test func r16_itOpensWhereAFifthOfASecondWasLate() {
        var breaker = Breaker()
        for number in 0..<19 { #expect(breaker.note(isLate: number < 4, nowMs: 5000) == nil) }
        #expect(!breaker.isOpen)
        #expect(breaker.note(isLate: false, nowMs: 5001) != nil && breaker.isOpen)
    }

    @Test func r16_fewerThanAFifthAndThoseOfAnotherSecondDoNotCount() {
        var breaker = Breaker()
        for number in 0..<1000 { #expect(breaker.note(isLate: number % 6 == 5, nowMs: 5000) == nil) }
        for number in 0..<100 {
            #expect(breaker.note(isLate: true, nowMs: 10_000 + Int64(number) * 100) == nil)
        }
        #expect(!breaker.isOpen)
    }

    @Test func r16_itStaysOpenLongerEachTimeAndNeverForTwoAlike() {
        var breaker = Breaker()
        var now: Int64 = 0
        var pauses: [Int64] = []
        for _ in 0..<10 {
            var opened: Int64?
            for _ in 0..<20 where opened == nil { opened = breaker.note(isLate: true, nowMs: now) }
            guard let opened else { return #expect(Bool(false), "it does not open") }
            pauses.append(opened)
            now += opened
            #expect(breaker.probed(isLate: false, nowMs: now) == nil && !breaker.isOpen)
        }
        #expect((50...100).contains(pauses[0]) && (100...200).contains(pauses[1]))
        #expect(pauses.suffix(4).allSatisfy { (1000...2000).contains($0) } && Set(pauses.suffix(4)).count > 1)
    }

    @Test func r17_onlyAProbeInTimeClosesIt() {
        var breaker = Breaker()
        for _ in 0..<20 { _ = breaker.note(isLate: true, nowMs: 0) }
        // What was under way is still answered.
        for _ in 0..<100 { #expect(breaker.note(isLate: false, nowMs: 60_000) == nil) }
        #expect(breaker.isOpen)
        #expect(breaker.probed(isLate: true, nowMs: 60_000) != nil && breaker.isOpen)
        #expect(breaker.probed(isLate: false, nowMs: 60_001) == nil && !breaker.isOpen)
        #expect(breaker.note(isLate: true, nowMs: 60_002) == nil)
    }

    @Test func r16_attemptsToConnectComeLessAndLessOften() {
        var backoff = Backoff()
        for most: Int64 in [100, 200, 400, 800, 1600, 2000, 2000] {
            #expect((most / 2...most).contains(backoff.next()))
        }
        backoff.reset()
        #expect(backoff.next() <= 100)
    }
}
