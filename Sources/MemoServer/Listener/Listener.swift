internal import Glibc
internal import Platform

/// A listening Unix socket: made at a path, or inherited from whoever started the daemon.
package struct Listener: ~Copyable {
    /// The listening socket; closed with the listener.
    let descriptor: Int32
    /// What `remove` removes: nothing where the socket was inherited.
    private let own: (path: String, device: dev_t, inode: ino_t)?
    private let lock: SocketLock?
    var isInherited: Bool { own == nil }

    /// How to say where it listens.
    package let name: String

    deinit { close(descriptor) }

    private init(
        descriptor: Int32, name: String, own: (path: String, device: dev_t, inode: ino_t)?,
        lock: consuming SocketLock?
    ) {
        self.descriptor = descriptor
        self.name = name
        self.own = own
        self.lock = lock
        refuseAncillaryData()
    }

    /// Has the kernel pass nothing along with the bytes: descriptors (which it can refuse from Linux 6.16 on), or, where
    /// the socket was inherited, credentials. A read ends where that changes, which an edge-triggered loop takes for
    /// the end of what is there.
    private func refuseAncillaryData() {
        for option in [SO_PASSCRED, SO_PASSSEC, Self.passRights, Self.passProcess] {
            var off: Int32 = 0
            _ = setsockopt(descriptor, SOL_SOCKET, option, &off, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    /// `SO_PASSRIGHTS` and `SO_PASSPIDFD`, which are younger than the headers of most systems.
    private static let (passRights, passProcess): (Int32, Int32) = (83, 76)

    /// The inherited socket if there is one, else a new one at the configured path.
    package static func open(
        _ configuration: ServerConfiguration, environment: [String: String], limits: Limits = Limits()
    ) throws(ListenerError) -> Listener {
        if let inherited = try inherit(environment: environment) { return inherited }
        let path = configuration.socketPath
        let isDefault = configuration.origins[.socket] == .builtIn
        return try listen(
            path: path, mode: configuration.socketMode, group: configuration.access.socketGroup,
            isDefaultDirectory: isDefault,
            mustBePrivate: isDefault && path.hasPrefix("/tmp/"), backlog: limits.backlog)
    }

    /// The socket that a service manager passed as the first descriptor, or `nil` if none was passed to us.
    static func inherit(environment: [String: String], first: Int32 = 3) throws(ListenerError) -> Listener? {
        guard let count = environment["LISTEN_FDS"].flatMap({ Int(digits: $0[...]) }), count > 0,
            environment["LISTEN_PID"].map({ $0 == "\(getpid())" }) == true
        else { return nil }
        guard count == 1 else { throw ListenerError("\(count) sockets were passed, memod listens on one") }
        guard fcntl(first, F_SETFD, FD_CLOEXEC) == 0,
            option(first, SO_DOMAIN) == AF_UNIX, option(first, SO_TYPE) == Int32(SOCK_STREAM.rawValue),
            option(first, SO_ACCEPTCONN) == 1
        else {
            throw ListenerError("descriptor \(first), which was passed, is no listening Unix stream socket")
        }
        let flags = fcntl(first, F_GETFL)
        guard flags >= 0, fcntl(first, F_SETFL, flags | O_NONBLOCK) == 0 else {
            throw ListenerError("descriptor \(first), which was passed: \(SystemError.last)")
        }
        return Listener(
            descriptor: first, name: path(of: first) ?? "the socket that was passed", own: nil, lock: nil)
    }

    /// Where a socket is bound.
    /// - Returns: `nil` if it has no path.
    private static func path(of descriptor: Int32) -> String? {
        var address = sockaddr_un()
        var size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isKnown = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) == 0 }
        }
        guard isKnown else { return nil }
        let path = withUnsafeBytes(of: address.sun_path) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        return path.isEmpty ? nil : path
    }

    /// Closes the connections that wait at an inherited socket: the service manager would start the daemon for them
    /// again at once, and it would fail again.
    package static func turnAway(environment: [String: String]) {
        guard let inherited = try? inherit(environment: environment) else { return }
        while true {
            let waiting = accept(inherited.descriptor, nil, nil)
            guard waiting >= 0 else { return }
            close(waiting)
        }
    }

    /// Makes a socket at `path` and listens on it.
    /// - Throws: if someone listens there, or something that is not a socket is there.
    static func listen(
        path: String, mode: UInt32, group: UInt32?, isDefaultDirectory: Bool = false,
        mustBePrivate: Bool = false, backlog: Int32 = 128
    ) throws(ListenerError) -> Listener {
        let address: UnixSocketAddress
        do {
            address = try UnixSocketAddress(path: path)
        } catch {
            throw ListenerError(error.description)
        }
        try SocketDirectory.prepare(
            SocketDirectory.parent(of: path), isDefault: isDefaultDirectory, mustBePrivate: mustBePrivate)
        let lock = try SocketLock(path: path + ".lock")
        try removeStale(path, address)

        let descriptor = socket(AF_UNIX, streamType, 0)
        guard descriptor >= 0 else { throw ListenerError("\(path): \(SystemError.last)") }
        do throws(ListenerError) {
            // The file takes the descriptor's mode, so that it never has another; chmod would follow a link put
            // in its place. No one can connect before `listen`.
            guard fchmod(descriptor, mode) == 0 else { throw ListenerError("\(path): \(SystemError.last)") }
            let mask = umask(0)
            let bound = address.withSockaddr { bind(descriptor, $0, $1) }
            let bindError = SystemError.last
            umask(mask)
            guard bound == 0 else { throw ListenerError("\(path): \(bindError)") }
            guard let identity = identity(of: path) else {
                throw ListenerError("\(path): \(SystemError.last)")
            }
            if let group, lchown(path, uid_t.max, group) != 0 {
                let error = SystemError.last
                unlink(path)
                throw ListenerError("cannot give \(path) to group \(group): \(error)")
            }
            guard Glibc.listen(descriptor, backlog) == 0 else {
                throw ListenerError("\(path): \(SystemError.last)")
            }
            return Listener(
                descriptor: descriptor, name: path, own: (path, identity.st_dev, identity.st_ino), lock: lock)
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Removes the socket from its path if it is still the one that was made there.
    package func remove() {
        guard let own, let status = Self.identity(of: own.path), status.st_dev == own.device,
            status.st_ino == own.inode
        else { return }
        unlink(own.path)
    }

    private static let streamType =
        Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)

    /// Removes a socket that refuses connections. Called with the lock held.
    private static func removeStale(_ path: String, _ address: UnixSocketAddress) throws(ListenerError) {
        guard let before = identity(of: path) else {
            if errno == ENOENT { return }
            throw ListenerError("\(path): \(SystemError.last)")
        }
        guard before.st_mode & S_IFMT == S_IFSOCK else {
            throw ListenerError("\(path) exists and is not a socket")
        }
        let probe = socket(AF_UNIX, streamType, 0)
        guard probe >= 0 else { throw ListenerError("\(path): \(SystemError.last)") }
        defer { close(probe) }
        guard address.withSockaddr({ connect(probe, $0, $1) }) != 0 else {
            let listener = PeerCredentials(of: probe).map { " by process \($0.process)" } ?? ""
            throw ListenerError("\(path) is in use\(listener)")
        }
        switch errno {
        case ECONNREFUSED: break
        case ENOENT: return
        // A full backlog is a live listener's.
        case EAGAIN: throw ListenerError("\(path) is in use")
        default: throw ListenerError("\(path): \(SystemError.last)")
        }
        guard let now = identity(of: path), now.st_dev == before.st_dev, now.st_ino == before.st_ino else {
            throw ListenerError("\(path) changed while it was looked at")
        }
        guard unlink(path) == 0 else { throw ListenerError("\(path): \(SystemError.last)") }
    }

    private static func identity(of path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    private static func option(_ descriptor: Int32, _ name: Int32) -> Int32? {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : nil
    }
}
