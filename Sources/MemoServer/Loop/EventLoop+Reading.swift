internal import MemoWire

extension EventLoop {
    /// What epoll has to say of a connection.
    func handle(_ interest: Epoll.Interest, for connection: Connection) {
        if interest.contains(.write) {
            if connection.attachment != nil || connection.replies.output.count > limits.sendBytes {
                connection.session.postponeSend()
                list(connection)
            } else {
                flush(connection)
                proceed(connection)
            }
        }
        switch connection.session.reported(interest, connection.pending) {
        case .nothing: break
        case .read where connection.isDear:
            connection.session.postponeRead()
            list(connection)
        case .read: read(connection)
        case .hungUp: noticeHangUp(connection, interest)
        }
    }

    func read(_ connection: Connection) {
        prepareInput(connection)
        let hasLines = connection.session.received(receive(connection))
        if connection.isPeerGone { connection.dropReplies() }
        if hasLines { gather(connection) } else { reconcile(connection) }
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
        let hasEnded = connection.session.input != .open
        var hasMoreLines = false
        batch.parser.rewrittenBytesMax = limits.inlineKeyBytes
        lines: while true {
            if batch.requests.count == limits.requestsPerBatch {
                hasMoreLines = true
                break
            }
            let before = framer
            guard let frame = hasEnded ? framer.finish(in: input) : framer.next(in: input) else {
                break
            }
            switch frame {
            case .line(let line):
                if line.count > limits.inlineLineBytes {
                    leave(line, to: batch, &framer, before)
                    // Perhaps: what is behind it was not looked at.
                    hasMoreLines = true
                    break lines
                }
                do throws(WireError) {
                    try batch.parser.parse(
                        line, limits: WireLimits(lineBytes: lineLimit), into: &batch.requests.next)
                    batch.requests.addNext()
                } catch {
                    if batch.parser.gaveUp {
                        leave(line, to: batch, &framer, before)
                        hasMoreLines = true
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
        let found: Session.Found =
            !batch.line.isEmpty ? .longLine : batch.requests.isEmpty ? .nothing : .requests
        connection.session.parsed(found, hasMoreLines: hasMoreLines)
    }

    /// A line takes long to read: a worker does it, once what is before it is executed.
    private func leave(
        _ line: Bytes, to batch: RequestBatch, _ framer: inout LineFramer, _ before: LineFramer
    ) {
        if batch.requests.isEmpty { batch.line = line } else { framer = before }
    }

    /// Has a worker read the line of a connection, which is suspended until it is done.
    private func readApart(_ batch: RequestBatch, _ connection: Connection) {
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
        guard connection.session.requests == .parsing else { return }
        connection.session.parsedApart()
        resume(connection)
    }

    /// Goes on with a connection after something has changed that may have held it up.
    func proceed(_ connection: Connection) {
        resume(connection)
        executeGathered()
    }

    /// Parses what the connection's input now has, to be executed with what other connections sent.
    private func gather(_ connection: Connection) {
        let batch = spareBatches.popLast() ?? RequestBatch()
        parse(connection, into: batch)
        // Who sends more than one batch takes is served behind those who send a few.
        if connection.session.hasMoreLines { connection.note(isDear: true) }
        guard connection.session.requests != .none else {
            spareBatches.append(batch)
            consume(connection)
            return reconcile(connection)
        }
        batch.owner = .passUnretained(connection)
        let isLong = !batch.line.isEmpty
        let held = Unmanaged.passUnretained(batch)
        connection.batch = consume batch
        if isLong { readApart(held.takeUnretainedValue(), connection) } else { gather(held) }
    }

    /// As `proceed`, together with others: executed with what is gathered.
    func resume(_ connection: Connection) {
        switch connection.session.resumed(connection.pending) {
        case .nothing: break
        case .reconcile: reconcile(connection)
        case .parse: gather(connection)
        case .execute:
            if let batch = connection.batch { gather(.passUnretained(batch)) }
        }
    }

    private func gather(_ batch: Unmanaged<RequestBatch>) {
        gathered.append(batch, requests: batch._withUnsafeGuaranteedRef { $0.requests.count - $0.next })
        if gathered.isFull { executeGathered() }
    }

    /// Executes the requests of all connections that were gathered, and sends their replies.
    func executeGathered() {
        guard !gathered.isEmpty else { return }
        let all = gathered.all
        for batch in all {
            batch._withUnsafeGuaranteedRef { $0.owner._withUnsafeGuaranteedRef { ensureOutput($0) } }
        }
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
        gathered.removeAll()
    }

    @inline(__always)
    private func finish(_ batch: RequestBatch, of connection: Connection) {
        precondition(batch.next <= batch.requests.count)
        let isOver = batch.next == batch.requests.count
        // Of what is attached the socket may take all now.
        connection.session.executed(
            isOver: isOver, goesOn: connection.hasYielded || connection.attachment != nil)
        if isOver {
            connection.note(isDear: batch.wasApart || connection.hasYielded)
            retire(batch, of: connection)
            consume(connection)
        } else if connection.hasYielded {
            connection.note(isDear: true)
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
            clearApart(batch, connection)
        } else {
            batch.clear()
            // Handed on: nothing is counted anew.
            if spareBatches.count < limits.spareBatches, let held = exchange(&connection.batch, with: nil) {
                spareBatches.append(held)
            }
        }
        connection.batch = nil
        connection.deadline = nil
        connection.resumption = nil
    }

    @inline(never)
    private func clearApart(_ batch: RequestBatch, _ connection: Connection) {
        let box = UnsafeTransfer(batch)
        workers.run(for: connection.uid) { box.value.clear() }
    }

    private func consume(_ connection: Connection) {
        connection.input.removeFirst(connection.framer.takeConsumed())
    }

    /// An event for a connection that is not being read: the only news is that the peer sends no more, or is gone.
    private func noticeHangUp(_ connection: Connection, _ interest: Epoll.Interest) {
        let isEnd = connection.session.hungUp(interest) {
            connection.batch?.isAtLastRequest == true && !connection.framer.isWithinLine
                && !hasUnreadInput(connection)
        }
        let isGone = connection.isPeerGone
        if isGone { connection.dropReplies() }
        if isEnd { executor.inputEnded(connection) }
        perform(connection.session.ignoresInput(), connection)
        // A wait that no one waits for ends, and what was sent behind it takes effect.
        if isGone { proceed(connection) }
    }
}

extension RequestBatch {
    fileprivate var isAtLastRequest: Bool { next == requests.count - 1 }
}

extension UnsafeRawBufferPointer {
    fileprivate var end: UnsafeRawPointer? { baseAddress.map { $0 + count } }
}
