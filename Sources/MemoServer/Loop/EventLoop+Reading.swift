internal import CLinux
internal import Glibc
internal import MemoWire

extension EventLoop {
    /// What epoll has to say of a connection.
    func handle(_ interest: Epoll.Interest, for connection: Connection) {
        if interest.contains(.write) {
            flush(connection)
            proceed(connection)
            if connection.isClosed { return }
        }
        guard !interest.isDisjoint(with: [.read, .readHangUp, .hangUp, .error]) else { return }
        if mayRead(connection) {
            // The end is reported once, and read after all that comes before it.
            if !interest.isDisjoint(with: [.readHangUp, .hangUp, .error]) { connection.mustRearm = true }
            if connection.isDear {
                connection.wantsRead = true
                listAsReady(connection)
            } else {
                read(connection)
            }
        } else {
            noticeHangUp(connection, interest)
        }
    }

    /// Whether more requests may be taken in.
    func mayRead(_ connection: Connection) -> Bool {
        connection.batch == nil && !connection.hasMoreLines && !connection.sawEnd && !isHeld(connection)
            && connection.replies.gateCount < limits.gatesPerConnection
    }

    /// Whether unsent output holds up the connection's requests.
    func isHeld(_ connection: Connection) -> Bool {
        connection.isOutputHeld || connection.attachment != nil
            || (connection.isOverShare && !connection.replies.output.isEmpty)
    }

    func read(_ connection: Connection) {
        prepareInput(connection)
        let room = connection.input.prepare(minimum: limits.readBytes / 4)
        let most = min(room.count, limits.readBytes)
        let count = memod_recv(connection.descriptor, room.baseAddress, most, Int32(MSG_DONTWAIT))
        // Less than was asked for is all there was: the next byte is a new event.
        if count == most || (count < 0 && errno == EINTR) { connection.mustRearm = true }
        if count > 0 {
            connection.input.commit(count)
        } else if count == 0 {
            connection.sawEnd = true
        } else if errno == EAGAIN || errno == EINTR {
            return reconcile(connection)
        } else {
            // The peer closed without reading its replies: what it sent before is executed all the same.
            losePeer(connection)
            connection.sawEnd = true
        }
        gather(connection)
    }

    /// Gives the connection's input the room of a pooled buffer.
    private func prepareInput(_ connection: Connection) {
        guard connection.input.capacity < limits.readBytes else { return }
        var buffer = pool.acquire()
        buffer.append(connection.input.bytes)
        connection.input = buffer
        connection.isInputPooled = true
    }

    /// Fills `batch` with the whole lines of the connection's input.
    private func parse(_ connection: Connection, into batch: RequestBatch) {
        let input = connection.input.bytes
        var framer = connection.framer
        connection.hasMoreLines = false
        batch.parser.rewrittenBytesMax = limits.inlineKeyBytes
        lines: while true {
            if batch.requests.count == limits.requestsPerBurst {
                connection.hasMoreLines = true
                break
            }
            let before = framer
            guard let frame = connection.sawEnd ? framer.finish(in: input) : framer.next(in: input) else {
                break
            }
            switch frame {
            case .line(let line):
                if line.count > limits.inlineLineBytes {
                    leave(line, to: batch, of: connection, &framer, before)
                    break lines
                }
                do throws(WireError) {
                    batch.requests.append(
                        try batch.parser.parse(line, limits: WireLimits(lineBytes: lineLimit)))
                } catch {
                    if batch.parser.gaveUp {
                        leave(line, to: batch, of: connection, &framer, before)
                        break lines
                    }
                    // At the daemon's end it is the daemon who reads no more.
                    let isCut = drainDeadline != nil && line.end == input.end
                    batch.requests.append(failure: isCut ? .shuttingDown : error)
                }
            case .tooLong:
                batch.requests.append(failure: .lineTooLong(limit: lineLimit))
            }
        }
        connection.framer = framer
    }

    /// A line takes long to read: a worker does it, once what is before it is executed.
    private func leave(
        _ line: Bytes, to batch: RequestBatch, of connection: Connection, _ framer: inout LineFramer,
        _ before: LineFramer
    ) {
        // Perhaps: what is behind it was not looked at.
        connection.hasMoreLines = true
        if batch.requests.isEmpty { batch.line = line } else { framer = before }
    }

    /// Has a worker read the line of a connection, which is suspended until it is done.
    private func readApart(_ batch: RequestBatch, _ connection: Connection) {
        batch.isApart = true
        batch.wasApart = true
        batch.parser.removeAll()
        batch.parser.rewrittenBytesMax = .max
        connection.note(isDear: true)
        let work = LineWork(
            batch: batch, connection: connection, lineLimit: lineLimit,
            isLast: drainDeadline != nil && batch.line.end == connection.input.bytes.end)
        workers.run(for: connection.uid) { [executor, port] in
            work.run(executor)
            port.mailbox.post(work.id, .parsed)
        }
        reconcile(connection)
    }

    /// A worker has read a connection's line.
    func finishReading(_ connection: Connection) {
        guard let batch = connection.batch, batch.isApart else { return }
        batch.isApart = false
        resume(connection)
    }

    /// Goes on with a connection after something has changed that may have held it up.
    func proceed(_ connection: Connection) {
        resume(connection)
        executeGathered()
    }

    /// Parses what the connection's input now has, to be executed with what other connections sent.
    private func gather(_ connection: Connection) {
        let batch = spareBursts.popLast() ?? RequestBatch()
        parse(connection, into: batch)
        guard !batch.requests.isEmpty || !batch.line.isEmpty else {
            spareBursts.append(batch)
            consume(connection)
            return reconcile(connection)
        }
        batch.owner = .passUnretained(connection)
        connection.batch = batch
        if batch.line.isEmpty { gather(batch) } else { readApart(batch, connection) }
    }

    /// As `proceed`, together with others: executed with what is gathered.
    func resume(_ connection: Connection) {
        guard !connection.isClosed else { return }
        if isHeld(connection) || (connection.batch == nil && !connection.hasMoreLines)
            || connection.batch?.isApart == true
        {
            reconcile(connection)
        } else if let suspended = connection.batch {
            gather(suspended)
        } else {
            gather(connection)
        }
    }

    private func gather(_ batch: RequestBatch) {
        guard !batch.isGathered else { return }
        batch.isGathered = true
        gathered.append(.passUnretained(batch))
        gatheredRequests += batch.requests.count - batch.next
        if gathered.count >= limits.burstsAtOnce || gatheredRequests >= limits.requestsAtOnce {
            executeGathered()
        }
    }

    /// Executes the requests of all connections that were gathered, and sends their replies.
    func executeGathered() {
        guard !gathered.isEmpty else { return }
        for batch in gathered {
            batch._withUnsafeGuaranteedRef { $0.owner._withUnsafeGuaranteedRef { ensureOutput($0) } }
        }
        gathered.withUnsafeBufferPointer { all in
            var first = 0
            while first < all.count {
                let executed = executor.execute(UnsafeBufferPointer(rebasing: all[first...]))
                for position in first..<first + executed {
                    all[position]._withUnsafeGuaranteedRef { batch in
                        batch.owner._withUnsafeGuaranteedRef { finish(batch, of: $0) }
                    }
                }
                first += executed
            }
        }
        gathered.removeAll(keepingCapacity: true)
        gatheredRequests = 0
    }

    @inline(__always)
    private func finish(_ batch: RequestBatch, of connection: Connection) {
        batch.isGathered = false
        precondition(batch.next <= batch.requests.count)
        if batch.next == batch.requests.count {
            connection.note(isDear: batch.wasApart || connection.hasYielded)
            retire(batch, of: connection)
            consume(connection)
        } else if connection.hasYielded {
            connection.note(isDear: true)
            connection.wasHeld = true
        } else if connection.attachment != nil {
            // Perhaps the socket takes all of it now.
            connection.wasHeld = true
        }
        connection.hasYielded = false
        listIfGated(connection)
        _ = connection.mustPause()
        flush(connection)
        reconcile(connection)
    }

    /// Takes back the batch of a connection that is suspended no more.
    private func retire(_ batch: RequestBatch, of connection: Connection) {
        if batch.wasApart {
            let box = UnsafeTransfer(batch)
            workers.run(for: connection.uid) { box.value.clear() }
        } else {
            batch.clear()
            if spareBursts.count < limits.spareBursts { spareBursts.append(batch) }
        }
        connection.batch = nil
        connection.deadline = nil
        connection.resumption = nil
    }

    private func consume(_ connection: Connection) {
        connection.input.removeFirst(connection.framer.takeConsumed())
    }

    /// An event for a connection that is not being read: the only news is that the peer sends no more, or is gone.
    private func noticeHangUp(_ connection: Connection, _ interest: Epoll.Interest) {
        let isGone = !interest.isDisjoint(with: [.hangUp, .error])
        if isGone {
            losePeer(connection)
            disarm(connection)
        }
        if isGone || interest.contains(.readHangUp), connection.batch?.isAtLastRequest == true,
            !connection.hasMoreLines, !connection.framer.isWithinLine, !hasUnreadInput(connection)
        {
            connection.sawEnd = true
            notifyEnd(connection)
        }
        if isGone {
            // A wait that nobody waits for ends, and what was sent behind it takes effect.
            proceed(connection)
        } else {
            arm(connection, (connection.armed ?? []).subtracting([.read, .readHangUp]))
        }
    }

    private func hasUnreadInput(_ connection: Connection) -> Bool {
        var byte: UInt8 = 0
        return recv(connection.descriptor, &byte, 1, Int32(MSG_DONTWAIT | MSG_PEEK)) > 0
    }

    func notifyEnd(_ connection: Connection) {
        guard !connection.didNotifyEnd else { return }
        connection.didNotifyEnd = true
        executor.inputEnded(connection)
    }

    /// Nobody will read the connection's replies.
    func losePeer(_ connection: Connection) {
        connection.isPeerGone = true
        connection.dropAttachment()
        connection.replies.discard()
    }
}

extension RequestBatch {
    fileprivate var isAtLastRequest: Bool { next == requests.count - 1 }
}

extension UnsafeRawBufferPointer {
    fileprivate var end: UnsafeRawPointer? { baseAddress.map { $0 + count } }
}
