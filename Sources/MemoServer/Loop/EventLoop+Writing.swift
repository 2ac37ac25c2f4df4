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
            connection.replies.discard()
            connection.isBlocked = false
            return
        }
        let count = connection.replies.sendableCount
        guard count > 0 else {
            connection.isBlocked = false
            return
        }
        let sent = send(
            connection.descriptor, connection.replies.output.bytes.baseAddress, count,
            Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
        if sent >= 0 {
            connection.replies.sent(sent)
            connection.isBlocked = sent < count
            connection.stallDeadline = nil
        } else if errno == EAGAIN || errno == EINTR || errno == ENOBUFS || errno == ENOMEM {
            connection.isBlocked = true
        } else {
            losePeer(connection)
            connection.isBlocked = false
        }
    }
}
