internal import CLinux
internal import Glibc
internal import Logging
internal import MemoStore
internal import MemoWire
internal import Platform

/// Every system call on a client's socket: what it takes and gives, what epoll is told, its end.
extension EventLoop {
    // MARK: receiving

    /// Takes what the socket has into the connection's input, as much as one read takes.
    func receive(_ connection: Connection) -> Session.Received {
        let room = connection.input.prepare(minimum: limits.readBytes / 4)
        let most = min(room.count, limits.readBytes)
        let count = memod_recv(connection.descriptor, room.baseAddress, most, Int32(MSG_DONTWAIT))
        if count > 0 {
            connection.input.commit(count)
            return .bytes(isAll: count < most)
        }
        if count == 0 { return .end }
        switch errno {
        case EAGAIN: return .nothing
        case EINTR: return .interrupted
        default: return .broken
        }
    }

    func hasUnreadInput(_ connection: Connection) -> Bool {
        var byte: UInt8 = 0
        return recv(connection.descriptor, &byte, 1, Int32(MSG_DONTWAIT | MSG_PEEK)) > 0
    }

    /// What was sent before is read, and then the end.
    func stopReceiving(_ connection: Connection) { shutdown(connection.descriptor, Int32(SHUT_RD)) }

    // MARK: sending

    /// - Returns: how many bytes the socket took; less than 0: none, and `errno` says why.
    func send(_ bytes: Bytes, to descriptor: Int32) -> Int {
        memod_send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
    }

    func send(_ bytes: Bytes, _ parcel: DescriptorParcel, to descriptor: Int32) -> Int {
        memod_send_descriptors(
            descriptor, bytes.baseAddress, bytes.count, parcel.descriptors, Int32(parcel.descriptors.count),
            Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
    }

    /// What a send says, and `errno` after one.
    /// - Parameter count: what there was to be sent, of which no more than `sendBytes` was given.
    func outcome(of sent: Int, _ count: Int) -> Session.Sent {
        if sent > 0 || count == 0 {
            return sent == count ? .all : sent >= limits.sendBytes ? .part : .some
        }
        switch errno {
        case EAGAIN: return .some
        case EINTR, ENOBUFS, ENOMEM: return .interrupted
        default: return .broken
        }
    }

    /// Sends of output, and of the value that belongs into it, this many bytes at most.
    func send(
        _ output: Bytes, _ attachment: Connection.Attachment, atMost most: Int, to descriptor: Int32
    ) -> Int {
        let before = Bytes(rebasing: output[..<min(attachment.position, most)])
        let value = Bytes(rebasing: attachment.value.prefix(most - before.count))
        let isWhole = value.count == attachment.value.count
        let after = Bytes(
            rebasing: output[attachment.position...].prefix(
                isWhole ? most - before.count - value.count : 0))
        let pages = Self.common(attachment.lentPages, value)
        guard pages.count > 0 else { return send(before, value, after, to: descriptor) }

        // The part of it before its whole pages.
        let first = Bytes(rebasing: value[..<(pages.baseAddress! - value.baseAddress!)])
        var sent = send(before, first, to: descriptor)
        guard sent == before.count + first.count else { return sent }
        let lent = pagePipe.send(pages, to: descriptor)
        // Also where the pipe took nothing: it is the socket that says whether that was for want of room.
        let rest = send(Bytes(rebasing: value[(first.count + lent)...]), after, to: descriptor)
        sent += lent + max(0, rest)
        return sent
    }

    private func send(_ first: Bytes, _ second: Bytes, _ third: Bytes? = nil, to descriptor: Int32) -> Int {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: 3) { parts in
            parts[0] = Self.part(first)
            parts[1] = Self.part(second)
            parts[2] = Self.part(third ?? Bytes(start: nil, count: 0))
            var message = msghdr()
            message.msg_iov = parts.baseAddress
            message.msg_iovlen = 3
            return sendmsg(descriptor, &message, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
        }
    }

    /// What of some memory is in other memory too, which does not begin behind it.
    private static func common(_ some: Bytes, _ other: Bytes) -> Bytes {
        guard let start = some.baseAddress, let first = other.baseAddress else {
            return Bytes(rebasing: some[..<0])
        }
        return Bytes(rebasing: some.prefix(max(0, first + other.count - start)))
    }

    private static func part(_ bytes: Bytes) -> iovec {
        iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }

    // MARK: epoll

    /// Watches edge-triggered: level-triggered, epoll looks at every socket once more after it was read.
    /// - Returns: false if the kernel is out of memory, or of watches: the connection cannot be served any more.
    func watch(_ connection: Connection, _ actions: Session.Actions) -> Bool {
        let interest = (connection.session.watched ?? []).union(.edgeTriggered)
        do throws(SystemError) {
            if actions.contains(.remove) {
                try epoll.remove(connection.descriptor)
            } else if actions.contains(.add) {
                try epoll.add(connection.descriptor, interest, token: connection.id.rawValue)
            } else {
                try epoll.modify(connection.descriptor, interest, token: connection.id.rawValue)
            }
            return true
        } catch {
            if actions.contains(.remove) { return true }
            logger.error("epoll: \(error)")
            return false
        }
    }

    // MARK: beginning and end

    /// - Returns: the next client's socket; less than 0: none, and `errno` says why.
    static func acceptSocket(of listener: Int32) -> Int32 {
        accept4(listener, nil, nil, Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue))
    }

    /// Says why a client is refused, and that nothing follows.
    func sendRefusal(_ line: Bytes, to descriptor: Int32) {
        // A fresh socket has room for a line.
        _ = send(line, to: descriptor)
        shutdown(descriptor, Int32(SHUT_WR))
    }

    static func closeSocket(_ descriptor: Int32) { _ = Glibc.close(descriptor) }
}
