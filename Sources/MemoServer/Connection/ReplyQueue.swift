internal import MemoWire

/// A connection's replies in order, of which those that wait for a commit, and all behind them, may not be sent
/// yet. Pure: no sockets.
struct ReplyQueue: ~Copyable {
    private struct Gate {
        /// The reply's place in the stream of all that was ever queued.
        var start: Int
        var end: Int
        var sequence: UInt64
        /// For the error that takes the reply's place if the commit fails.
        var id: [UInt8]?
    }

    /// Bytes not yet sent: whole replies, the first perhaps sent in part. Replies are appended at its end.
    var output = ByteBuffer()
    private var gates: [Gate] = []
    /// Gates before this position are open.
    private var firstClosed = 0
    /// Bytes ever removed from the front of `output`.
    private var removed = 0

    /// How many replies wait for a commit.
    var gateCount: Int { gates.count - firstClosed }

    /// Bytes at the front of `output` that may be sent now.
    var sendableCount: Int {
        firstClosed == gates.count ? output.count : gates[firstClosed].start - removed
    }

    /// Closes a gate before the reply that begins at `offset` of `output` and ends at its end.
    /// - Parameters:
    ///   - sequence: the number of the commit it waits for; not less than that of the gate before.
    ///   - id: the request's `id`.
    mutating func gate(from offset: Int, sequence: UInt64, id: Bytes?) {
        precondition(offset >= 0 && offset <= output.count)
        precondition(firstClosed == gates.count || gates[gates.count - 1].sequence <= sequence)
        gates.append(
            Gate(
                start: removed + offset, end: removed + output.count, sequence: sequence,
                id: id.map { [UInt8]($0) }))
    }

    /// Opens the gates that wait for a commit up to `result.through`. Replies to what failed become errors.
    mutating func open(_ result: CommitResult) {
        var next = firstClosed
        while next < gates.count, gates[next].sequence <= result.through { next += 1 }
        if let failed = result.failedFrom {
            let opened = gates[firstClosed..<next]
            if let first = opened.firstIndex(where: { $0.sequence >= failed }) {
                replace(first..<next)
            }
        }
        firstClosed = next
        if firstClosed == gates.count {
            gates.removeAll(keepingCapacity: gates.capacity <= 64)
            firstClosed = 0
        } else if firstClosed > 64, firstClosed > gates.count / 2 {
            gates.removeFirst(firstClosed)
            firstClosed = 0
        }
    }

    /// `count` bytes from the front were sent.
    mutating func sent(_ count: Int) {
        assert(count <= sendableCount)
        output.removeFirst(count)
        removed += count
    }

    /// Drops everything: no one will read it.
    mutating func discard() {
        removed += output.count
        output.removeAll(keepingCapacity: true)
        gates.removeAll()
        firstClosed = 0
    }

    /// Rewrites the output with errors in place of the replies of these gates, none of which was sent in part.
    private mutating func replace(_ failed: Range<Int>) {
        var rewritten = ByteBuffer(capacity: output.count)
        let bytes = output.bytes
        var copied = 0
        var shift = 0
        for position in failed {
            let gate = gates[position]
            rewritten.append(Bytes(rebasing: bytes[copied..<gate.start - removed]))
            let before = rewritten.count
            Self.appendError(gate.id, into: &rewritten)
            copied = gate.end - removed
            shift += rewritten.count - before - (gate.end - gate.start)
        }
        rewritten.append(Bytes(rebasing: bytes[copied...]))
        for position in failed.upperBound..<gates.count {
            gates[position].start += shift
            gates[position].end += shift
        }
        output = rewritten
    }

    private static func appendError(_ id: [UInt8]?, into output: inout ByteBuffer) {
        let message = "the change could not be written to disk"
        guard let id else { return ReplyWriter.fail(nil, .storage, message, into: &output) }
        id.withUnsafeBytes { ReplyWriter.fail($0, .storage, message, into: &output) }
    }
}
