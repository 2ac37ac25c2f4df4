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
            read(connection)
        } else {
            noticeHangUp(connection, interest)
        }
    }

    /// Whether more requests may be taken in.
    func mayRead(_ connection: Connection) -> Bool {
        connection.burst == nil && !connection.hasMoreLines && !connection.sawEnd && !isHeld(connection)
            && connection.replies.gateCount < limits.gatesPerConnection
    }

    /// Whether unsent output holds up the connection's requests.
    func isHeld(_ connection: Connection) -> Bool {
        connection.isOutputHeld || (connection.isOverShare && !connection.replies.output.isEmpty)
    }

    private func read(_ connection: Connection) {
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
            return settle(connection)
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

    /// Fills `burst` with the whole lines of the connection's input.
    private func parse(_ connection: Connection, into burst: Burst) {
        let input = connection.input.bytes
        var framer = connection.framer
        connection.hasMoreLines = false
        while true {
            if burst.requests.count == limits.requestsPerBurst {
                connection.hasMoreLines = true
                break
            }
            guard let frame = connection.sawEnd ? framer.finish(in: input) : framer.next(in: input) else {
                break
            }
            switch frame {
            case .line(let line):
                do throws(WireError) {
                    burst.requests.append(
                        try burst.batch.parse(line, limits: WireLimits(lineBytes: lineLimit)))
                } catch {
                    // At the daemon's end it is the daemon who reads no more.
                    let isCut = drainDeadline != nil && line.end == input.end
                    burst.requests.append(failure: isCut ? .shuttingDown : error)
                }
            case .tooLong:
                burst.requests.append(failure: .lineTooLong(limit: lineLimit))
            }
        }
        connection.framer = framer
    }

    /// Goes on with a connection after something has changed that may have held it up.
    func proceed(_ connection: Connection) {
        resume(connection)
        executeGathered()
    }

    /// Parses what the connection's input now has, to be executed with what other connections sent.
    private func gather(_ connection: Connection) {
        let burst = spareBursts.popLast() ?? Burst()
        parse(connection, into: burst)
        guard !burst.requests.isEmpty else {
            spareBursts.append(burst)
            consume(connection)
            return settle(connection)
        }
        burst.owner = .passUnretained(connection)
        connection.burst = burst
        gather(burst)
    }

    /// As `proceed`, together with others: executed with what is gathered.
    func resume(_ connection: Connection) {
        guard !connection.isClosed else { return }
        if isHeld(connection) || (connection.burst == nil && !connection.hasMoreLines) {
            settle(connection)
        } else if let suspended = connection.burst {
            gather(suspended)
        } else {
            gather(connection)
        }
    }

    private func gather(_ burst: Burst) {
        guard !burst.isGathered else { return }
        burst.isGathered = true
        gathered.append(.passUnretained(burst))
        gatheredRequests += burst.requests.count - burst.next
        if gathered.count >= limits.burstsAtOnce || gatheredRequests >= limits.requestsAtOnce {
            executeGathered()
        }
    }

    /// Executes the requests of all connections that were gathered, and sends their replies.
    func executeGathered() {
        guard !gathered.isEmpty else { return }
        for burst in gathered {
            burst._withUnsafeGuaranteedRef { $0.owner._withUnsafeGuaranteedRef { ensureOutput($0) } }
        }
        gathered.withUnsafeBufferPointer { all in
            var first = 0
            while first < all.count {
                let executed = executor.execute(UnsafeBufferPointer(rebasing: all[first...]))
                for position in first..<first + executed {
                    all[position]._withUnsafeGuaranteedRef { burst in
                        burst.owner._withUnsafeGuaranteedRef { finish(burst, of: $0) }
                    }
                }
                first += executed
            }
        }
        gathered.removeAll(keepingCapacity: true)
        gatheredRequests = 0
    }

    @inline(__always)
    private func finish(_ burst: Burst, of connection: Connection) {
        burst.isGathered = false
        precondition(burst.next <= burst.requests.count)
        if burst.next == burst.requests.count {
            retire(burst, of: connection)
            consume(connection)
        }
        listIfGated(connection)
        _ = connection.mustPause()
        flush(connection)
        settle(connection)
    }

    /// Takes back the burst of a connection that is suspended no more.
    private func retire(_ burst: Burst, of connection: Connection) {
        burst.clear()
        if spareBursts.count < limits.spareBursts { spareBursts.append(burst) }
        connection.burst = nil
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
        if isGone || interest.contains(.readHangUp), connection.burst?.isAtLastRequest == true,
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

extension Burst {
    fileprivate var isAtLastRequest: Bool { next == requests.count - 1 }
}

extension UnsafeRawBufferPointer {
    fileprivate var end: UnsafeRawPointer? { baseAddress.map { $0 + count } }
}
