import Glibc

/// A connection to the daemon that speaks in raw lines. Nothing waits longer than its deadline.
final class Peer {
    let descriptor: Int32
    private var received: [UInt8] = []
    private var searched = 0
    private var isAtEnd = false
    static let patience: Double = 30

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw HarnessError.system("socket") }
        guard withSocketAddress(path, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
            let error = HarnessError.system("connect to \(path)")
            Glibc.close(descriptor)
            throw error
        }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    deinit { Glibc.close(descriptor) }

    /// Sends bytes as they are, taking in what comes meanwhile, so that both sides cannot wait for each other.
    /// - Parameter reads: without it a daemon that waits for us to read makes this fail at the deadline.
    func send(bytes: some Collection<UInt8>, reads: Bool = true, within seconds: Double = patience) throws {
        let bytes = Array(bytes)
        let deadline = Moment.after(seconds: seconds)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
                continue
            }
            guard errno == EAGAIN else { throw HarnessError.system("send") }
            let events = reads ? POLLIN | POLLOUT : POLLOUT
            guard try wait(for: Int16(events), until: deadline) else {
                throw HarnessError("the daemon took \(sent) of \(bytes.count) bytes in \(seconds) s")
            }
            if reads { try receive() }
        }
    }

    /// Sends one line or several.
    func send(_ lines: String...) throws { try send(bytes: (lines.joined(separator: "\n") + "\n").utf8) }

    /// The next line without its end, or `nil` if the daemon has closed the connection.
    func line(within seconds: Double = patience) throws -> String? {
        let deadline = Moment.after(seconds: seconds)
        while true {
            if let end = received[searched...].firstIndex(of: 0x0A) {
                let line = String(decoding: received[..<end], as: UTF8.self)
                received.removeSubrange(...end)
                searched = 0
                return line
            }
            searched = received.count
            if isAtEnd {
                guard received.isEmpty else { throw HarnessError("the last line has no end") }
                return nil
            }
            guard try wait(for: Int16(POLLIN), until: deadline) else {
                throw HarnessError("no line within \(seconds) s")
            }
            try receive()
        }
    }

    /// The next reply.
    func reply(within seconds: Double = patience) throws -> Reply {
        guard let line = try line(within: seconds) else {
            throw HarnessError("the daemon closed the connection")
        }
        return try Reply(line)
    }

    /// Sends a request and waits for the reply.
    func call(_ request: String, within seconds: Double = patience) throws -> Reply {
        try send(request)
        return try reply(within: seconds)
    }

    /// Whether nothing comes, for so long.
    func isSilent(for seconds: Double) throws -> Bool {
        if received.contains(0x0A) { return false }
        return try !wait(for: Int16(POLLIN), until: .after(seconds: seconds))
    }

    /// Ends our side: the daemon sees the end of its input.
    func halfClose() { shutdown(descriptor, Int32(SHUT_WR)) }

    private func receive() throws {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 {
            received += buffer[..<count]
        } else if count == 0 || errno == ECONNRESET {
            isAtEnd = true
        } else if errno != EAGAIN {
            throw HarnessError.system("recv")
        }
    }

    private func wait(for events: Int16, until deadline: Moment) throws -> Bool {
        var waiting = pollfd(fd: descriptor, events: events, revents: 0)
        while true {
            let count = poll(&waiting, 1, deadline.remainingMs)
            if count >= 0 { return count > 0 }
            guard errno == EINTR else { throw HarnessError.system("poll") }
        }
    }
}

extension Peer {
    /// - Parameters:
    ///   - key: JSON.
    ///   - more: further members, such as `"meta":true`.
    func get(_ function: String, _ key: String, _ more: String = "") throws -> Reply {
        try call(Self.request("get", function, "\"key\":\(key)", more))
    }

    func put(_ function: String, _ key: String, _ value: String, _ more: String = "") throws -> Reply {
        try call(Self.request("put", function, "\"key\":\(key),\"value\":\(value)", more))
    }

    func info(_ function: String) throws -> Reply { try call(Self.request("info", function)) }

    func define(_ function: String, _ more: String) throws -> Reply {
        try call(Self.request("define", function, "", more))
    }

    func stats() throws -> Reply { try call(#"{"op":"stats"}"#) }

    func sync() throws -> Reply { try call(#"{"op":"sync"}"#) }

    func why(_ function: String, _ key: String) throws -> Reply {
        try call(Self.request("why", function, "\"key\":\(key)"))
    }

    static func request(_ operation: String, _ function: String, _ members: String = "", _ more: String = "")
        -> String
    {
        var text = "{\"op\":\"\(operation)\",\"fn\":\"\(function)\""
        for part in [members, more] where !part.isEmpty { text += ",\(part)" }
        return text + "}"
    }

    /// Asks until the answer is right. The daemon is asked again only when it has answered, so no time is guessed.
    func until(_ what: String, within seconds: Double = 20, _ isReached: (Peer) throws -> Bool) throws {
        let deadline = Moment.after(seconds: seconds)
        while try !isReached(self) {
            guard .now < deadline else { throw HarnessError("not within \(seconds) s: \(what)") }
        }
    }
}
