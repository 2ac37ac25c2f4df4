internal import MemoStore
internal import MemoWire

extension Dispatcher {
    /// Values of this size and more are sent without being copied first, if all before them may be sent at once.
    static let attachedBytes = 16 << 10
    /// Those of this size in any case: copying one would hold the others up.
    static let largeBytes = 128 << 10

    /// Writes the value of a hit, perhaps as one that is sent from where it is.
    @inline(never)
    func appendLarge(_ value: Bytes, _ hold: () -> HeldValue, isLast: Bool, _ context: inout Context) {
        let connection = context.connection
        guard value.count >= Self.largeBytes || (isLast && connection.isFree) else {
            return connection.output.append(value)
        }
        if connection.isPeerGone { return }
        let held = hold()
        attach(held.bytes, lentPages: held.lentPages, &context) { [store] in
            store.perform { $0.release(held) }
        }
    }

    /// Writes a part of a reply that was made apart from the output, without copying it if it is large.
    func append(_ part: consuming ByteBuffer, _ context: inout Context) {
        guard part.count >= Self.largeBytes else { return context.connection.output.append(part.bytes) }
        if context.connection.isPeerGone { return }
        let box = ReplyPart(part)
        attach(box.bytes.bytes, lentPages: Bytes(start: nil, count: 0), &context) {
            [workers = loops.workers] in
            // The kernel takes long to take its pages back.
            workers.run(for: 0) { box.bytes.removeAll(keepingCapacity: false) }
        }
    }

    private func attach(
        _ value: Bytes, lentPages: Bytes, _ context: inout Context, _ release: @escaping () -> Void
    ) {
        let connection = context.connection
        connection.attach(value, lentPages: lentPages, release)
        context.mustStop = true
    }
}

/// `@unchecked Sendable` because one thread at a time has it.
private final class ReplyPart: @unchecked Sendable {
    var bytes: ByteBuffer

    init(_ bytes: consuming ByteBuffer) { self.bytes = bytes }
}
