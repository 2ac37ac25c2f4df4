import Platform
import Testing

@testable import MemoServer

@Suite struct PollingPolicyTests {
    @Test func aLoneClientIsWaitedFor() {
        var policy = PollingPolicy(processors: 2, loops: 1)
        #expect(policy.polls(after: 1) == PollingPolicy.polls)
        #expect(policy.polls(after: 1) == PollingPolicy.polls)
    }

    @Test func manyOrNoneAreNot() {
        var policy = PollingPolicy(processors: 2, loops: 1)
        #expect(policy.polls(after: 0) == 0)
        #expect(policy.polls(after: 2) == 0)
    }

    @Test func aClientThatTakesItsTimeCostsLittle() {
        var policy = PollingPolicy(processors: 2, loops: 1)
        #expect(policy.polls(after: 1) > 0)
        policy.wasInVain()
        let pause = (0..<100).prefix { _ in policy.polls(after: 1) == 0 }.count
        #expect(pause == PollingPolicy.pause)
    }

    @Test func aLoopNeverTakesTheLastProcessor() {
        var policy = PollingPolicy(processors: 1, loops: 1)
        #expect(policy.polls(after: 1) == 0)
        policy = PollingPolicy(processors: 4, loops: 4)
        #expect(policy.polls(after: 1) == 0)
    }

    @Test func thereIsAProcessor() { #expect(Processors.count >= 1) }
}
