internal import CLinux
internal import Glibc
internal import MemoWire

extension EventLoop {
    func ensureOutput(_ connection: Connection) {
        guard connection.replies.output.capacity == 0 else { return }
        connection.replies.output = pool.acquire()
        connection.isOutputPooled = true
    }

    /// Sends what may be sent, once.
    func flush(_ connection: Connection) {
        guard !connection.isClosed else { return }
        if connection.isPeerGone {
            connection.dropAttachment()
            connection.replies.discard()
            connection.isBlocked = false
            return
        }
        let count = connection.replies.sendableCount
        if let attachment = connection.attachment, attachment.position <= count {
            return flush(attachment, count, connection)
        }
        guard count > 0 else {
            connection.isBlocked = false
            return
        }
        if let parcel = exchange(&connection.parcel, with: nil) { return flush(parcel, connection) }
        let sent = memod_send(
            connection.descriptor, connection.replies.output.bytes.baseAddress, count,
            Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
        if sent >= 0 {
            connection.replies.sent(sent)
            connection.attachment?.position -= sent
            connection.isBlocked = sent < count
            connection.stallDeadline = nil
        } else if errno == EAGAIN {
            connection.isBlocked = true
        } else if errno == EINTR || errno == ENOBUFS || errno == ENOMEM {
            connection.isBlocked = true
            connection.mustRearm = true
        } else {
            losePeer(connection)
            connection.isBlocked = false
        }
    }

    /// Sends the output, and descriptors with it. A socket that takes nothing as its first reply has a peer that is lost
    /// anyway.
    private func flush(_ parcel: DescriptorParcel, _ connection: Connection) {
        let count = connection.replies.sendableCount
        let sent = memod_send_descriptors(
            connection.descriptor, connection.replies.output.bytes.baseAddress, count, parcel.descriptors,
            Int32(parcel.descriptors.count), Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
        guard sent > 0 else {
            losePeer(connection)
            connection.isBlocked = false
            return
        }
        connection.replies.sent(sent)
        connection.isBlocked = sent < count
    }

    /// Sends of the output's first bytes and the value attached to them what the socket takes.
    private func flush(_ attachment: Connection.Attachment, _ count: Int, _ connection: Connection) {
        let output = Bytes(rebasing: connection.replies.output.bytes[..<count])
        let sent = transmit(output, attachment, to: connection.descriptor)
        guard sent > 0 else {
            switch errno {
            case EAGAIN: connection.isBlocked = true
            case EINTR, ENOBUFS, ENOMEM:
                connection.isBlocked = true
                connection.mustRearm = true
            default:
                losePeer(connection)
                connection.isBlocked = false
            }
            return
        }
        connection.stallDeadline = nil
        let before = min(sent, attachment.position)
        let within = min(sent - before, attachment.value.count)
        connection.isBlocked = sent < count + attachment.value.count
        if within == attachment.value.count {
            connection.dropAttachment()
            connection.replies.sent(sent - within)
        } else {
            connection.replies.sent(before)
            connection.attachment?.advance(before: before, within: within)
        }
    }

    private func transmit(_ output: Bytes, _ attachment: Connection.Attachment, to descriptor: Int32) -> Int {
        let (value, pages) = (attachment.value, attachment.lentPages)
        let before = Bytes(rebasing: output[..<attachment.position])
        let after = Bytes(rebasing: output[attachment.position...])
        guard pages.count > 0 else { return transmit(before, value, after, to: descriptor) }

        // The part of it before its whole pages.
        let first = Bytes(rebasing: value[..<(pages.baseAddress! - value.baseAddress!)])
        var sent = transmit(before, first, to: descriptor)
        guard sent == before.count + first.count else { return sent }
        let lent = pagePipe.send(pages, to: descriptor)
        // Also where the pipe took nothing: it is the socket that says whether that was for want of room.
        let rest = transmit(Bytes(rebasing: value[(first.count + lent)...]), after, to: descriptor)
        sent += lent + max(0, rest)
        return sent
    }

    private func transmit(_ first: Bytes, _ second: Bytes, _ third: Bytes? = nil, to descriptor: Int32) -> Int
    {
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

    private static func part(_ bytes: Bytes) -> iovec {
        iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }
}
