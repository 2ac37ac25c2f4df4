internal import CLinux
internal import Glibc
internal import Platform

/// A connected socket that sends and receives whole lines, each before a deadline.
struct SocketConnection: ~Copyable {
    /// The longest reply that is read: a reply is a value, which is shorter than the longest request a daemon
    /// takes, or a page of listings.
    static let maximumReplyBytes = 1 << 30
    private static let readBytes = 64 * 1024

    let descriptor: Int32
    let path: String
    private var input: [UInt8] = []
    /// Bytes of `input` already handed out as lines, and already searched for the next line's end.
    private var consumed = 0
    private var searched = 0

    private init(owning descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        close(descriptor)
    }

    /// Connects to the first place where a daemon that may be trusted accepts.
    /// - Throws: `unreachable` or `untrustedPeer`, with every place and what was wrong with it.
    static func open(_ locations: [SocketLocation], deadline: Deadline) throws(MemoError) -> SocketConnection
    {
        var failures: [String] = []
        var code = MemoError.Code.unreachable
        var cause: (any Error)?
        for location in locations {
            if let refusal = location.refusal(uid: geteuid()) {
                failures.append("\(location.path) (\(refusal))")
                continue
            }
            do throws(MemoError) {
                return try connect(to: location.path, deadline: deadline)
            } catch {
                if error.code == .timedOut { throw error }
                if error.code == .untrustedPeer { code = .untrustedPeer }
                // Where something is that does not let this user in says more than where nothing is.
                if (cause as? SystemCallError)?.number != EACCES { cause = error.cause ?? cause }
                failures.append("\(location.path) (\(error.message))")
            }
        }
        throw MemoError(code, "no daemon at " + failures.joined(separator: ", "), cause: cause)
    }

    private static func connect(to path: String, deadline: Deadline) throws(MemoError) -> SocketConnection {
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw failure("socket", .unreachable) }
        let connection = SocketConnection(owning: descriptor, path: path)
        let address: UnixSocketAddress
        do {
            address = try UnixSocketAddress(path: path)
        } catch {
            throw MemoError(.unreachable, error.description, cause: error)
        }
        while address.withSockaddr({ Glibc.connect(descriptor, $0, $1) }) != 0 {
            switch errno {
            case EINTR: continue
            case EISCONN: break
            case EAGAIN:
                // The daemon's backlog is full, and nothing tells when it is not: asked again at short intervals.
                try deadline.check("connecting to \(path)")
                poll(nil, 0, 5)
                continue
            default: throw failure("connect", .unreachable)
            }
            break
        }
        try verifyPeer(descriptor)
        return connection
    }

    /// Only the user's own daemon, root's and the system's user `memod` are talked to: anyone else could hand out
    /// wrong results.
    private static func verifyPeer(_ descriptor: Int32) throws(MemoError) {
        guard let user = PeerCredentials(of: descriptor)?.user else {
            throw failure("getsockopt", .untrustedPeer)
        }
        if user == geteuid() || user == 0 { return }
        if let entry = getpwnam("memod"), entry.pointee.pw_uid == user { return }
        throw MemoError(.untrustedPeer, "its listener belongs to user \(user), not to you, root or memod")
    }

    /// Whether the other side has closed the connection, or has sent something that no one asked for.
    var isStale: Bool {
        guard consumed == input.count else { return true }
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count >= 0 || (errno != EAGAIN && errno != EINTR)
    }

    /// Sends all of `bytes`.
    func send(_ bytes: [UInt8], deadline: Deadline) throws(MemoError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try sendSome(rest)
            rest = rest.dropFirst(count)
            if count == 0 { try wait(for: Int16(POLLOUT), deadline, "sending the request") }
        }
    }

    /// The next line, without its end.
    /// - Throws: `disconnected` if the input ends before, `timedOut`, or `malformedReply` if it is too long.
    mutating func receiveLine(deadline: Deadline) throws(MemoError) -> [UInt8] {
        while true {
            if let line = nextLine() { return line }
            try receive(deadline: deadline)
        }
    }

    /// A line that has arrived whole, if there is one.
    mutating func nextLine() -> [UInt8]? {
        let end = input.withUnsafeBytes { bytes -> Int? in
            guard searched < bytes.count, let base = bytes.baseAddress else { return nil }
            return memchr(base + searched, 0x0A, bytes.count - searched).map { UnsafeRawPointer($0) - base }
        }
        guard let end else {
            searched = input.count
            return nil
        }
        let line = Array(input[consumed..<end])
        consumed = end + 1
        searched = consumed
        if consumed == input.count {
            input.removeAll(keepingCapacity: input.capacity <= 4 * Self.readBytes)
            consumed = 0
            searched = 0
        }
        return line
    }

    private mutating func receive(deadline: Deadline) throws(MemoError) {
        while try !receiveSome() { try wait(for: Int16(POLLIN), deadline, "waiting for the reply") }
    }

    /// Reads what has arrived, without waiting.
    /// - Returns: whether there was anything.
    mutating func receiveSome() throws(MemoError) -> Bool {
        if consumed > 0 {
            input.removeFirst(consumed)
            searched -= consumed
            consumed = 0
        }
        guard input.count < Self.maximumReplyBytes else {
            throw MemoError(.malformedReply, "a reply longer than \(Self.maximumReplyBytes) bytes")
        }
        while true {
            let count = withUnsafeTemporaryAllocation(byteCount: Self.readBytes, alignment: 16) { buffer in
                let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                if count > 0 { input.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
                return count
            }
            if count > 0 { return true }
            if count == 0 { throw MemoError(.disconnected, "the daemon closed the connection") }
            if errno == EAGAIN { return false }
            if errno != EINTR { throw Self.failure("recv", .disconnected) }
        }
    }

    /// The next line, of what comes now, and the descriptors that come with it, which are the caller's to close.
    func receiveDescriptors(deadline: Deadline) throws(MemoError) -> (line: [UInt8], descriptors: [Int32]) {
        var bytes = [UInt8](repeating: 0, count: 4096)
        var descriptors = [Int32](repeating: -1, count: Int(memod_descriptors_max))
        var found: Int32 = 0
        while true {
            let count = memod_receive_descriptors(descriptor, &bytes, bytes.count, &descriptors, &found)
            if count > 0, found >= 0, bytes[count - 1] == 0x0A {
                return (Array(bytes[..<(count - 1)]), Array(descriptors[..<Int(found)]))
            }
            if count > 0 {
                for received in descriptors[..<Int(max(0, found))] { close(received) }
                throw MemoError(.malformedReply, "the reply and its descriptors do not come together")
            }
            if count == 0 { throw MemoError(.disconnected, "the daemon closed the connection") }
            if errno == EAGAIN {
                try wait(for: Int16(POLLIN), deadline, "waiting for the reply")
            } else if errno != EINTR {
                throw Self.failure("recvmsg", .disconnected)
            }
        }
    }

    /// Sends what the socket takes at once, without waiting.
    /// - Returns: how many bytes that was.
    func sendSome(_ bytes: ArraySlice<UInt8>) throws(MemoError) -> Int {
        while true {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 { return count }
            if errno == EAGAIN { return 0 }
            // What the daemon says before it closes is read first.
            if errno == EPIPE || errno == ECONNRESET { return bytes.count }
            if errno != EINTR { throw Self.failure("send", .disconnected) }
        }
    }

    private func wait(for events: Int16, _ deadline: Deadline, _ what: String) throws(MemoError) {
        try deadline.check(what)
        var descriptors = pollfd(fd: descriptor, events: events, revents: 0)
        poll(&descriptors, 1, deadline.pollTimeout)
    }

    private static func failure(_ call: String, _ code: MemoError.Code) -> MemoError {
        let cause = SystemCallError(call, number: errno)
        return MemoError(code, cause.reason, cause: cause)
    }
}
