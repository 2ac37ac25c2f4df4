import Foundation
import Platform
import TestSupport
import Testing

@testable import MemoServer

/// Whatever the limits, and however the peers send and read: every request is answered in its turn, and nothing is
/// left of a connection that has ended.
///
/// `MEMOD_TEST_LOOPS` is how many random runs there are.
struct EventLoopLivenessTests {
    static let runs = ProcessInfo.processInfo.environment["MEMOD_TEST_LOOPS"].flatMap { Int($0) } ?? 40

    @Test func everyRequestIsAnsweredWithAnyLimits() throws {
        for _ in 0..<Self.runs {
            let seed = UInt64.random(in: 0 ... .max)
            guard try run(seed) else { return }
        }
    }

    /// - Returns: whether all went well.
    private func run(_ seed: UInt64) throws -> Bool {
        var random = SeededGenerator(seed)
        let limits = Self.limits(&random)
        let fixture = try LoopFixture(limits: limits, count: Int.random(in: 1...2, using: &random))
        let loops = fixture.loops
        let peers = try (0..<Int.random(in: 1...6, using: &random)).map { number in
            RandomPeer(
                try fixture.connect(loop: 0), SeededGenerator(random.next()), fullAt: limits.outputHighWater)
        }
        for peer in peers { Foundation.Thread { peer.run() }.start() }
        var committed: UInt64 = 0
        while peers.contains(where: { !$0.isOver }) {
            let sequence = fixture.executor.sequence
            if sequence > committed, Bool.random(using: &random) {
                let fails = Int.random(in: 0..<8, using: &random) == 0
                loops.committed(
                    sequence,
                    failedFrom: fails ? UInt64.random(in: committed + 1...sequence, using: &random) : nil)
                committed = sequence
            }
            if Bool.random(using: &random) { fixture.executor.release(loops) }
            for id in fixture.executor.subscribers.prefix(4) where Bool.random(using: &random) {
                loops.post(id, .append(Array("{\"event\":\"put\"}\n".utf8)))
            }
            var calls = 0
            _ = fixture.executor.wait { _ in
                calls += 1
                return calls > 1
            }
        }
        for peer in peers {
            if let failure = peer.failure {
                Issue.record("seed \(seed): \(failure); \(limits); \(loops.statistics)")
                return false
            }
        }
        let isForgotten = fixture.executor.wait { executor in
            loops.committed(executor.sequence)
            executor.release(loops)
            let left = loops.statistics
            return executor.closed.count == peers.count && left.connections == 0 && left.heldInputBytes == 0
                && left.heldOutputBytes == 0 && left.buffersInUse == 0
        }
        #expect(isForgotten, "seed \(seed): \(loops.statistics)")
        return isForgotten
    }

    private static func limits(_ random: inout SeededGenerator) -> Limits {
        func of(_ range: ClosedRange<Int>) -> Int {
            // Small ones are as likely as large ones.
            let bits = Double.random(
                in: log2(Double(range.lowerBound))...log2(Double(range.upperBound)), using: &random)
            return min(max(Int(exp2(bits)), range.lowerBound), range.upperBound)
        }
        var limits = Limits()
        limits.readBytes = of(64...65536)
        limits.requestsPerBatch = of(1...64)
        limits.outputHighWater = of(100...1 << 20)
        limits.outputLowWater = of(1...limits.outputHighWater)
        limits.eventHighWater = of(100...1 << 20)
        limits.gatesPerConnection = of(1...32)
        limits.uncountedBytes = of(1...4096)
        limits.heldOutputBytes = of(1000...1 << 20)
        limits.pooledBuffers = of(1...8)
        limits.batchesAtOnce = of(1...16)
        limits.requestsAtOnce = of(1...64)
        limits.spareBatches = of(1...8)
        limits.eventsPerTurn = of(1...16)
        return limits
    }
}

/// Sends random requests in random pieces, reads the answers in random pieces, and leaves in one of several ways.
private final class RandomPeer: @unchecked Sendable {  // `lock` guards what others see.
    private enum End: CaseIterable { case close, halfClose, abrupt }
    private enum Answer {
        case plain, put
        case bytes(Int)
    }

    private let client: TestClient
    private var random: SeededGenerator
    private let end: End
    private var answers: [Answer] = []
    private var input: [UInt8] = []
    private let lock = NSLock()
    private var _isOver = false
    private var _failure: String?

    var isOver: Bool { lock.withLock { _isOver } }
    var failure: String? { lock.withLock { _failure } }

    init(_ client: TestClient, _ random: SeededGenerator, fullAt: Int) {
        self.client = client
        self.random = random
        end = End.allCases.randomElement(using: &self.random)!
        for id in 0..<Int.random(in: 1...200, using: &self.random) {
            let kind = Int.random(in: 0..<40, using: &self.random)
            let size =
                Int.random(in: 0...2 * fullAt, using: &self.random)
                >> Int.random(in: 0...8, using: &self.random)
            let (answer, body): (Answer, String) =
                switch kind {
                case 0: (.plain, "\"op\":\"get\",\"fn\":\"wait\",\"key\":0")
                case 1: (.plain, "\"op\":\"get\",\"fn\":\"wait\",\"key\":2")
                case 2: (.plain, "\"op\":\"subscribe\"")
                case 3...6: (.put, "\"op\":\"put\",\"fn\":\"f\",\"key\":1,\"value\":1")
                case 7...14: (.bytes(size), "\"op\":\"get\",\"fn\":\"bytes\",\"key\":\(size)")
                default: (.plain, "\"op\":\"ping\"")
                }
            answers.append(answer)
            input += Array("{\"id\":\(id),\(body)}\n".utf8)
        }
    }

    func run() {
        let failure = converse()
        client.close()
        lock.withLock {
            _failure = failure
            _isOver = true
        }
    }

    /// - Returns: what went wrong.
    private func converse() -> String? {
        let leavesAfter = end == .abrupt ? Int.random(in: 0...answers.count, using: &random) : answers.count
        let reluctance = Int.random(in: 0...3, using: &random)
        var sent = 0
        var received: [UInt8] = []
        var answered = 0
        while answered < leavesAfter {
            let maySend = sent < input.count
            var state = pollfd(
                fd: client.descriptor, events: Int16(POLLIN | (maySend ? POLLOUT : 0)), revents: 0)
            switch poll(&state, 1, 10_000) {
            case 0:
                return "nothing came for ten seconds: \(answered) of \(answers.count) answered, "
                    + "\(sent) of \(input.count) bytes sent, \(received.count) bytes of the next answer"
            case -1: continue
            default: break
            }
            if maySend, state.revents & Int16(POLLOUT) != 0 {
                let most = Int.random(in: 1...(Bool.random(using: &random) ? 10 : 5000), using: &random)
                let count = client.sendAvailable(Array(input[sent...].prefix(most)))
                sent += max(0, count)
                if sent == input.count, end == .halfClose { client.endOutput() }
            }
            guard state.revents & Int16(POLLIN) != 0 else { continue }
            if reluctance > 0, maySend, Int.random(in: 0...4, using: &random) < reluctance { continue }
            var chunk = [UInt8](
                repeating: 0,
                count: Int.random(in: 1...(1 << Int.random(in: 1...18, using: &random)), using: &random))
            let count = recv(client.descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT))
            if count == 0 { return "closed after \(answered) of \(answers.count) answers" }
            guard count > 0 else { continue }
            var lines = chunk[..<count].split(separator: 0x0A, omittingEmptySubsequences: false)
            received += lines.removeFirst()
            for rest in lines {
                if let failure = check(received, &answered) { return failure }
                received = Array(rest)
            }
        }
        guard end == .halfClose else { return nil }
        // Nothing more comes but the end, and events before it.
        let began = BootClock.nowMs
        if client.rest() != nil { return nil }
        let cause = String(cString: strerror(errno))
        return "the connection was not ended: \(cause), after \(BootClock.nowMs - began) ms"
    }

    private func check(_ line: [UInt8], _ answered: inout Int) -> String? {
        let text = String(decoding: line.prefix(200), as: UTF8.self)
        if text.hasPrefix("{\"event\":") { return nil }
        guard answered < answers.count,
            text.contains("\"id\":\(answered),") || text.contains("\"id\":\(answered)}")
        else {
            return "not the answer to \(answered): \(text)"
        }
        switch answers[answered] {
        case .bytes(let size):
            let bare = "{\"ok\":true,\"id\":\(answered),\"value\":\"\"}".utf8.count
            if line.count != bare + size { return "\(line.count - bare) bytes instead of \(size): \(text)" }
        case .plain: if !text.contains("\"ok\":true") { return "not ok: \(text)" }
        case .put:
            if !text.contains("\"ok\":true"), !text.contains("\"storage\"") {
                return "neither stored nor failed: \(text)"
            }
        }
        answered += 1
        return nil
    }
}
