import MemoWire
import TestSupport
import Testing

@testable import MemoServer

struct ReplyQueueTests {
    private func text(_ queue: borrowing ReplyQueue, _ count: Int) -> String {
        String(decoding: queue.output.bytes.prefix(count), as: UTF8.self)
    }

    private func append(
        _ queue: inout ReplyQueue, _ line: String, gate sequence: UInt64? = nil, id: String? = nil
    ) {
        let offset = queue.output.count
        queue.output.append(text: line)
        guard let sequence else { return }
        if let id {
            Array(id.utf8).withUnsafeBytes { queue.gate(from: offset, sequence: sequence, id: $0) }
        } else {
            queue.gate(from: offset, sequence: sequence, id: nil)
        }
    }

    private static let failure =
        "\"ok\":false,\"error\":{\"code\":\"storage\",\"message\":\"the change could not be written to disk\"}}\n"

    @Test func everythingIsSendableWithoutGates() {
        var queue = ReplyQueue()
        append(&queue, "one\n")
        append(&queue, "two\n")
        #expect(queue.sendableCount == 8)
        queue.sent(3)
        #expect(text(queue, queue.sendableCount) == "\ntwo\n")
    }

    @Test func aGateHoldsBackItsReplyAndAllBehind() {
        var queue = ReplyQueue()
        append(&queue, "free\n")
        append(&queue, "gated\n", gate: 7)
        append(&queue, "behind\n")
        #expect(text(queue, queue.sendableCount) == "free\n")
        queue.open(CommitResult(through: 6))
        #expect(queue.sendableCount == 5)
        queue.open(CommitResult(through: 7))
        #expect(queue.gateCount == 0)
        #expect(text(queue, queue.sendableCount) == "free\ngated\nbehind\n")
    }

    @Test func gatesOpenInOrderWhileWhatIsBeforeThemIsSent() {
        var queue = ReplyQueue()
        append(&queue, "a\n", gate: 1)
        append(&queue, "b\n", gate: 2)
        queue.open(CommitResult(through: 1))
        queue.sent(queue.sendableCount)
        append(&queue, "c\n", gate: 2)
        append(&queue, "d\n", gate: 3)
        queue.open(CommitResult(through: 2))
        #expect(text(queue, queue.sendableCount) == "b\nc\n")
        queue.sent(1)
        queue.open(CommitResult(through: 9))
        #expect(text(queue, queue.sendableCount) == "\nc\nd\n")
    }

    @Test func aFailedCommitTurnsItsRepliesIntoErrors() {
        var queue = ReplyQueue()
        append(&queue, "free\n")
        append(&queue, "good\n", gate: 1)
        append(&queue, "bad\n", gate: 2, id: "[\"x\"]")
        append(&queue, "between\n")
        append(&queue, "worse\n", gate: 3)
        append(&queue, "later\n", gate: 4)
        queue.sent(2)
        queue.open(CommitResult(through: 3, failedFrom: 2))
        #expect(
            text(queue, queue.sendableCount)
                == "ee\ngood\n{\"id\":[\"x\"],\(Self.failure)between\n{\(Self.failure)")
        queue.open(CommitResult(through: 4))
        #expect(text(queue, queue.sendableCount).hasSuffix("}\nlater\n"))
    }

    @Test func discardingForgetsGates() {
        var queue = ReplyQueue()
        append(&queue, "a\n", gate: 1)
        queue.discard()
        append(&queue, "b\n")
        #expect(text(queue, queue.sendableCount) == "b\n")
    }

    /// Against a list of replies with their states.
    @Test func agreesWithAModel() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed)
        for _ in 0..<300 {
            var queue = ReplyQueue()
            var model: [(text: String, sequence: UInt64)] = []
            var sequence: UInt64 = 0
            var opened: UInt64 = 0
            var expected = ""
            var sent = ""
            for step in 0..<100 {
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    append(&queue, "free \(step)\n")
                    model.append(("free \(step)\n", 0))
                case 1:
                    sequence += UInt64.random(in: 0...2, using: &random)
                    // Numbers that were decided are not gated; a connection sees to that.
                    if sequence <= opened { sequence = opened + 1 }
                    append(&queue, "gated \(step)\n", gate: sequence, id: "\(step)")
                    model.append(("gated \(step)\n", sequence))
                case 2:
                    let through = UInt64.random(in: opened...max(opened, sequence), using: &random)
                    let failed =
                        through > opened && Bool.random(using: &random)
                        ? UInt64.random(in: opened + 1...through, using: &random) : nil
                    queue.open(CommitResult(through: through, failedFrom: failed))
                    for position in model.indices {
                        let entry = model[position]
                        guard entry.sequence > opened, entry.sequence <= through else { continue }
                        if let failed, entry.sequence >= failed {
                            let id = entry.text.dropFirst(6).dropLast()
                            model[position].text = "{\"id\":\(id),\(Self.failure)"
                        }
                        model[position].sequence = 0
                    }
                    opened = through
                default:
                    let count = Int.random(in: 0...queue.sendableCount, using: &random)
                    sent += text(queue, count)
                    queue.sent(count)
                }
                while let first = model.first, first.sequence == 0 || first.sequence <= opened {
                    expected += first.text
                    model.removeFirst()
                }
                let sendable = sent + text(queue, queue.sendableCount)
                #expect(sendable == expected, "seed \(seed)")
                if sendable != expected { return }
            }
        }
    }
}
