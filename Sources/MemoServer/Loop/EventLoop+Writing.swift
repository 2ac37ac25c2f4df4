internal import MemoWire

/// What is sent, and when.
extension EventLoop {
    func ensureOutput(_ connection: Connection) {
        guard connection.replies.output.capacity == 0 else { return }
        connection.replies.output = pool.acquire()
        connection.isOutputPooled = true
    }

    /// Sends what may be sent, once.
    func flush(_ connection: Connection) {
        guard !connection.session.isClosed else { return }
        if connection.isPeerGone {
            connection.dropReplies()
            return connection.session.sent(.all)
        }
        let count = connection.replies.sendableCount
        if let attachment = connection.attachment, attachment.position <= count {
            return flush(attachment, count, connection)
        }
        guard count > 0 else { return connection.session.sent(.all) }
        let output = Bytes(rebasing: connection.replies.output.bytes[..<min(count, limits.sendBytes)])
        if let parcel = exchange(&connection.parcel, with: nil) {
            return flush(output, parcel, count, connection)
        }
        let sent = send(output, to: connection.descriptor)
        if sent >= 0 {
            connection.replies.sent(sent)
            connection.attachment?.position -= sent
            connection.stallDeadline = nil
        }
        conclude(outcome(of: sent, count), connection)
    }

    /// Sends the output, and descriptors with it. A socket that takes nothing as its first reply has a peer that is lost
    /// anyway.
    private func flush(_ output: Bytes, _ parcel: DescriptorParcel, _ count: Int, _ connection: Connection) {
        let sent = send(output, parcel, to: connection.descriptor)
        if sent > 0 { connection.replies.sent(sent) }
        conclude(sent <= 0 ? .broken : outcome(of: sent, count), connection)
    }

    /// Sends of the output's first bytes and the value attached to them what the socket takes.
    private func flush(_ attachment: Connection.Attachment, _ count: Int, _ connection: Connection) {
        let output = Bytes(rebasing: connection.replies.output.bytes[..<count])
        let size = attachment.value.count
        let sent = send(output, attachment, atMost: limits.sendBytes, to: connection.descriptor)
        if sent > 0 {
            connection.stallDeadline = nil
            let before = min(sent, attachment.position)
            let within = min(sent - before, size)
            if within == size {
                connection.dropAttachment()
                connection.replies.sent(sent - within)
            } else {
                connection.replies.sent(before)
                connection.attachment?.advance(before: before, within: within)
            }
        }
        conclude(outcome(of: sent, count + size), connection)
    }

    @inline(__always)
    private func conclude(_ outcome: Session.Sent, _ connection: Connection) {
        connection.session.sent(outcome)
        if outcome == .broken { connection.dropReplies() }
    }
}
