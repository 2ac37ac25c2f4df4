internal import CLinux
internal import Glibc
internal import Logging
internal import MemoWire
internal import Platform
internal import Synchronization

/// In the loop that has the listener.
extension EventLoop {
    /// Begins to accept.
    func startAccepting(_ acceptor: Acceptor) throws(SystemError) {
        self.acceptor = acceptor
        try epoll.add(acceptor.descriptor, .read, token: Self.listenerToken)
    }

    /// Accepts some of the connections that wait.
    /// - Returns: whether more may be waiting.
    @discardableResult
    func accept() -> Bool {
        for _ in 0..<limits.acceptsPerTurn {
            guard let listener = acceptor?.descriptor else { return false }
            let descriptor = Self.acceptSocket(of: listener)
            guard descriptor >= 0 else {
                switch errno {
                // EINVAL: the drain has shut the listener down, and no one is left in its queue.
                case EAGAIN, EINVAL: return false
                case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                    pauseAccepting(.last)
                    return false
                // The client has gone, or a signal came: the next one may be there.
                default: continue
                }
            }
            admit(descriptor)
        }
        return true
    }

    private func admit(_ descriptor: Int32) {
        guard let peer = PeerCredentials(of: descriptor),
            let verdict = acceptor?.control.judge(
                peer, supplementary: PeerCredentials.supplementaryGroups(of: descriptor), now: now)
        else { return refuse(descriptor, .forbidden, "the peer's credentials cannot be read") }
        guard case .allowed(let isAdministrator) = verdict else {
            quotas.countForbidden()
            if acceptor?.mayLog(now) == true {
                logger.notice("refused a user", metadata: ["uid": "\(peer.user)", "pid": "\(peer.process)"])
            }
            return refuse(descriptor, .forbidden, "user \(peer.user) may not connect")
        }
        guard quotas.admit(user: peer.user, isAdministrator: isAdministrator) else {
            return refuse(descriptor, .tooManyConnections, "there are too many connections")
        }
        let socket = AcceptedSocket(descriptor: descriptor, peer: peer, isAdministrator: isAdministrator)
        let target = acceptor?.leastLoaded
        guard let target, target !== port else { return adopt(socket) }
        // Counted at once, so that a batch of new connections is spread evenly.
        target.connectionCount.add(1, ordering: .relaxed)
        target.mailbox.send { $0.sockets.append(socket) }
    }

    /// Says why in one line, and ends the connection.
    private func refuse(_ descriptor: Int32, _ code: ErrorCode, _ message: String) {
        var line = ByteBuffer()
        ReplyWriter.fail(nil, code, message, into: &line)
        sendRefusal(line.bytes, to: descriptor)
        acceptor?.linger(descriptor, until: now + limits.refusalMs, limit: limits.refusals)
    }

    private func pauseAccepting(_ error: SystemError) {
        guard acceptor?.pausedUntil == nil, let descriptor = acceptor?.descriptor else { return }
        if acceptor?.mayLog(now) == true { logger.warning("cannot accept connections for now: \(error)") }
        acceptor?.pausedUntil = now + limits.acceptPauseMs
        try? epoll.modify(descriptor, [], token: Self.listenerToken)
    }

    func resumeAccepting() {
        guard acceptor?.pausedUntil != nil, let descriptor = acceptor?.descriptor else { return }
        acceptor?.pausedUntil = nil
        try? epoll.modify(descriptor, .read, token: Self.listenerToken)
    }

    /// Accepts those who had connected before and no others. Whoever waits at an inherited socket is left to the
    /// daemon that inherits it next.
    func stopAccepting() {
        guard let acceptor else { return }
        if !acceptor.isInherited {
            shutdown(acceptor.descriptor, Int32(SHUT_RD))
            while accept() {}
        }
        try? epoll.remove(acceptor.descriptor)
        self.acceptor?.endRefusals(.max)
        self.acceptor = nil
    }
}
