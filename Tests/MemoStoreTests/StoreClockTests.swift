import Testing

@testable import MemoStore

struct StoreClockTests {
    private let year: Int64 = 365 * 86_400_000
    private let clocks = ColdFixture.Clocks()

    @Test func beginsAtTheWallClock() {
        #expect(StoreClock(source: clocks.source, saved: nil).now() == clocks.wallMs)
    }

    @Test func wallJumpsDoNothingWithinABoot() {
        let clock = StoreClock(source: clocks.source, saved: nil)
        let start = clock.now()
        for jump in [year, -2 * year, year] {
            clocks.wallMs += jump
            clocks.boottimeMs += 10
            // A restart of the daemon in the same boot changes nothing either.
            let again = StoreClock(source: clocks.source, saved: clock.state())
            #expect(again.now() == clock.now())
        }
        #expect(clock.now() == start + 30)
    }

    @Test(arguments: [-1, 0, 1] as [Int64]) func acrossBootsItFollowsTheWallClock(years: Int64) {
        let clock = StoreClock(source: clocks.source, saved: nil)
        clocks.boottimeMs += 500
        clocks.wallMs += 500
        let saved = clock.state()
        let last = clock.now()
        clocks.boot = "boot-2"
        clocks.boottimeMs = 7
        clocks.wallMs += years * year + 60_000
        let next = StoreClock(source: clocks.source, saved: saved)
        #expect(next.now() == last + (years < 0 ? 0 : years * year + 60_000))
        clocks.boottimeMs += 5
        #expect(next.now() == last + (years < 0 ? 0 : years * year + 60_000) + 5)
    }

    @Test func neverGoesBackWithinABoot() {
        let clock = StoreClock(source: clocks.source, saved: nil)
        clocks.boottimeMs += 5000
        let saved = clock.state()
        clocks.boottimeMs -= 3000
        #expect(StoreClock(source: clocks.source, saved: saved).now() == saved.lastMs)
    }

    @Test func stateSurvivesItsBytes() {
        let state = StoreClock.State(boot: "é-boot", offset: -5, lastMs: .max, lastWallMs: .min)
        #expect(state.bytes.withUnsafeBytes { StoreClock.State($0) } == state)
        #expect([UInt8](repeating: 0, count: 23).withUnsafeBytes { StoreClock.State($0) } == nil)
    }

    @Test func systemClocksRun() throws {
        let source = try ClockSource.system()
        let first = source.boottimeMs()
        #expect(first > 0)
        #expect(source.boottimeMs() >= first)
        #expect(source.wallMs() > 1_700_000_000_000)
        #expect(!source.boot.isEmpty && source.boot.utf8.count <= StoreClock.State.bootBytes)
    }

    @Test func clockIsSavedWithEveryCommit() throws {
        let fixture = try ColdFixture()
        let first = try fixture.open()
        fixture.clocks.boottimeMs += 1000
        fixture.clocks.wallMs += 1000
        try first.commit([])
        let last = first.clock.now()
        try fixture.crash(first)
        fixture.clocks.boot = "boot-2"
        fixture.clocks.boottimeMs = 0
        fixture.clocks.wallMs += 250
        #expect(try fixture.open().clock.now() == last + 250)
    }
}
