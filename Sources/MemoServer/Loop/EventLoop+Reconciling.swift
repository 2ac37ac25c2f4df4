internal import MemoStore
internal import MemoWire
internal import Platform
internal import Synchronization

/// What follows every change of a connection.
extension EventLoop {
    /// Brings everything about the connection in line with where it now stands: its buffers, what it is counted
    /// for, what epoll watches, its deadline, its end.
    func reconcile(_ connection: Connection) {
        guard !connection.session.isClosed else { return }
        // Most have nothing left once their replies are sent.
        if connection.isAtRest { return trimBuffers(connection) }
        connection.session.noteHeld(connection.pending)
        if connection.session.tellsLost(connection.pending) { tellLost(connection) }
        trimBuffers(connection)
        count(connection)
        let actions = connection.session.reconciled(connection.pending)
        if !actions.isEmpty {
            perform(actions, connection)
            if connection.session.isClosed { return }
        }
        let isDraining = drainDeadline != nil
        if !connection.session.isBlocked || !(isDraining || connection.session.isHeld(connection.pending)) {
            connection.stallDeadline = nil
        } else if connection.stallDeadline == nil || isDraining {
            let patience = isDraining ? limits.drainStallMs : limits.stalledPeerMs
            connection.stallDeadline = min(connection.stallDeadline ?? .max, now + patience)
        }
        setDeadline(connection)
    }

    /// Does what a connection's session asks for.
    func perform(_ actions: Session.Actions, _ connection: Connection) {
        if actions.contains(.list) { ready.append(connection) }
        if actions.contains(.tellEnd) { executor.inputEnded(connection) }
        if actions.contains(.close) { return close(connection) }
        if !actions.isDisjoint(with: [.add, .modify, .remove]), !watch(connection, actions) {
            close(connection)
        }
    }

    func list(_ connection: Connection) {
        if connection.session.list() { ready.append(connection) }
    }

    private func tellLost(_ connection: Connection) {
        ensureOutput(connection)
        connection.replies.output.append("{\"event\":\"lost\"}\n")
        flush(connection)
    }

    // MARK: buffers

    /// Gives back buffers that are empty, and moves what little is left in a pooled one to memory of its size, so
    /// that a connection between batches holds what it needs.
    private func trimBuffers(_ connection: Connection) {
        // The requests of a batch point into the input.
        if connection.session.requests == .none, connection.input.capacity > 0,
            connection.input.count <= connection.input.capacity / 4
        {
            let rest = Self.copy(connection.input.bytes)
            let buffer = exchange(&connection.input, with: rest)
            give(back: buffer, isPooled: connection.isInputPooled, of: connection)
            connection.isInputPooled = false
        }
        let output = connection.replies.output.count
        if connection.replies.output.capacity > 0, output <= connection.replies.output.capacity / 4 {
            let rest = Self.copy(connection.replies.output.bytes)
            let buffer = exchange(&connection.replies.output, with: rest)
            give(back: buffer, isPooled: connection.isOutputPooled, of: connection)
            connection.isOutputPooled = false
        }
    }

    /// Gives a buffer back.
    @inline(__always)
    private func give(back buffer: consuming ByteBuffer, isPooled: Bool, of connection: Connection) {
        if buffer.capacity >= Self.largeBuffer {
            leave(buffer, isPooled: isPooled, of: connection)
        } else if isPooled {
            pool.release(buffer)
        }
    }

    /// The same for a large one, whose pages the kernel takes long to take back.
    @inline(never)
    private func leave(_ buffer: consuming ByteBuffer, isPooled: Bool, of connection: Connection) {
        if isPooled { pool.release(ByteBuffer()) }
        let box = BufferBox(buffer)
        workers.run(for: connection.uid) { box.buffer.removeAll(keepingCapacity: false) }
    }

    private static let largeBuffer = 1 << 20

    @inline(__always)
    private static func copy(_ bytes: Bytes) -> ByteBuffer {
        var copy = ByteBuffer(capacity: bytes.count)
        copy.append(bytes)
        return copy
    }

    /// Counts what the connection holds between batches. Where unfinished lines hold too much, this one is refused.
    private func count(_ connection: Connection) {
        let input = counted(connection.input.count)
        let output = counted(
            connection.replies.output.count + connection.unfinishedReplyBytes
                + (connection.attachment?.count ?? 0))
        guard input != connection.countedInput || output != connection.countedOutput else { return }
        let excess = quotas.change(
            user: connection.uid, isAdministrator: connection.isAdministrator,
            input: input - connection.countedInput, output: output - connection.countedOutput)
        connection.countedInput = input
        connection.countedOutput = output
        connection.session.count(isOverShare: excess.output)
        if excess.input, connection.session.requests == .none, !connection.session.hasMoreLines,
            connection.framer.isWithinLine
        {
            refuseLine(connection)
        }
    }

    private func counted(_ bytes: Int) -> Int { bytes > limits.uncountedBytes ? bytes : 0 }

    /// Answers an unfinished line with `busy` and skips the rest of it.
    private func refuseLine(_ connection: Connection) {
        connection.framer.limit = 0
        let frame = connection.framer.next(in: connection.input.bytes)
        connection.framer.limit = lineLimit
        connection.input.removeFirst(connection.framer.takeConsumed())
        if case .tooLong? = frame {
            ensureOutput(connection)
            ReplyWriter.fail(
                nil, .busy, "unfinished lines take too much memory; try again", into: &connection.output)
            flush(connection)
        }
        trimBuffers(connection)
        count(connection)
    }

    // MARK: deadlines

    private func setDeadline(_ connection: Connection) {
        var earliest = connection.session.requests == .none ? nil : connection.deadline
        if let stall = connection.stallDeadline { earliest = min(earliest ?? stall, stall) }
        guard earliest != connection.armedDeadline else { return }
        connection.armedDeadline = earliest
        deadlines.set(connection.id.slot, earliest)
    }

    // MARK: beginning and end

    func adopt(_ socket: AcceptedSocket) {
        let connection = connections.insert { id in
            Connection(
                id: id, socket: socket, limits: limits, lineLimit: lineLimit, quotas: quotas,
                watermark: watermark)
        }
        port.connectionCount.store(connections.count, ordering: .relaxed)
        if drainDeadline != nil { stopReceiving(connection) }
        perform(connection.session.opened(), connection)
    }

    func close(_ connection: Connection) {
        guard !connection.session.isClosed else { return }
        let isApart = connection.session.requests == .parsing
        connection.session.closed()
        Self.closeSocket(connection.descriptor)
        connection.dropAttachment()
        connection.parcel = nil
        if isApart { leaving.append(connection) } else { releaseInput(connection) }
        let output = exchange(&connection.replies.output, with: ByteBuffer())
        give(back: output, isPooled: connection.isOutputPooled, of: connection)
        _ = quotas.change(
            user: connection.uid, isAdministrator: connection.isAdministrator,
            input: -connection.countedInput, output: -connection.countedOutput)
        quotas.leave(user: connection.uid)
        if !isApart { connection.batch = nil }
        deadlines.set(connection.id.slot, nil)
        connections.remove(connection.id)
        port.connectionCount.store(connections.count, ordering: .relaxed)
        resumeAccepting()
        executor.closed(connection)
        connection.dispatchState = nil
        connection.resumption = nil
    }

    private func releaseInput(_ connection: Connection) {
        let input = exchange(&connection.input, with: ByteBuffer())
        give(back: input, isPooled: connection.isInputPooled, of: connection)
        connection.isInputPooled = false
    }

    /// The worker is through with the line of a connection that was closed meanwhile.
    func release(_ id: ConnectionID) {
        guard let index = leaving.firstIndex(where: { $0.id == id }) else { return }
        let connection = leaving.remove(at: index)
        releaseInput(connection)
        let box = UnsafeTransfer(exchange(&connection.batch, with: nil))
        workers.run(for: connection.uid) { box.value?.clear() }
    }
}

/// A buffer on its way to a worker.
///
/// `@unchecked Sendable` because only the worker has it.
private final class BufferBox: @unchecked Sendable {
    var buffer: ByteBuffer

    init(_ buffer: consuming ByteBuffer) { self.buffer = buffer }
}
