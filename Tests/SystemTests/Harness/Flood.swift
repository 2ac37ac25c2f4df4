import Glibc

/// Connections that all send the same requests over and over, as fast as they are taken. For many bytes at little cost.
final class Flood {
    private struct End {
        let descriptor: Int32
        var sent = 0
        var rounds = 0
        var replies = 0
    }

    private let requests: [UInt8]
    private let repliesPerRound: Int
    private let reads: Bool
    private var ends: [End] = []
    private var buffer = [UInt8](repeating: 0, count: 1 << 20)

    /// - Parameters:
    ///   - lines: of all connections; or of each its own, in turn.
    ///   - reads: whether they take the replies.
    init(_ path: String, connections: Int, _ lines: [String], reads: Bool = true) throws {
        requests = Array(lines.joined(separator: "\n").utf8) + [0x0A]
        repliesPerRound = lines.count
        self.reads = reads
        for _ in 0..<connections {
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0, withSocketAddress(path, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
                throw HarnessError.system("connect to \(path)")
            }
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            ends.append(End(descriptor: descriptor))
        }
    }

    deinit { for end in ends { close(end.descriptor) } }

    /// Sends until all connections have had this many rounds answered, or, if they do not read, the daemon takes no more.
    /// - Throws: if it takes longer than it may.
    func run(rounds: Int, within seconds: Double = 60) throws {
        for index in ends.indices { (ends[index].rounds, ends[index].replies, ends[index].sent) = (0, 0, 0) }
        let deadline = Moment.after(seconds: seconds)
        while true {
            let isOver = ends.allSatisfy {
                $0.rounds >= rounds && (!reads || $0.replies >= rounds * repliesPerRound)
            }
            if isOver { return }
            guard try step(rounds, for: 100) else {
                if !reads { return }
                guard deadline.remainingMs > 0 else { throw HarnessError("\(progress) after \(seconds) s") }
                continue
            }
        }
    }

    /// Sends until it is told to stop.
    func run(until isOver: () -> Bool) throws {
        while !isOver() { _ = try step(.max, for: 10) }
    }

    var progress: String { ends.map { "\($0.rounds) rounds, \($0.replies) replies" }.joined(separator: "; ") }

    /// - Returns: whether something was sent or came.
    private func step(_ rounds: Int, for milliseconds: Int32) throws -> Bool {
        var waiting = ends.map { end in
            let events = (reads ? POLLIN : 0) | (end.rounds < rounds ? POLLOUT : 0)
            return pollfd(fd: end.descriptor, events: Int16(events), revents: 0)
        }
        guard poll(&waiting, UInt(waiting.count), milliseconds) > 0 else { return false }
        for index in ends.indices {
            let events = Int32(waiting[index].revents)
            if events & Int32(POLLIN) != 0 { try receive(index) }
            if events & Int32(POLLOUT) != 0 { try send(index) }
        }
        return true
    }

    private func send(_ index: Int) throws {
        let start = ends[index].sent
        let count = requests.withUnsafeBytes {
            Glibc.send(
                ends[index].descriptor, $0.baseAddress! + start, min($0.count - start, 1 << 20),
                Int32(MSG_NOSIGNAL))
        }
        guard count > 0 else {
            if errno == EAGAIN { return }
            throw HarnessError.system("send")
        }
        ends[index].sent += count
        guard ends[index].sent == requests.count else { return }
        ends[index].sent = 0
        ends[index].rounds += 1
    }

    private func receive(_ index: Int) throws {
        let count = buffer.withUnsafeMutableBytes {
            recv(ends[index].descriptor, $0.baseAddress, $0.count, 0)
        }
        guard count > 0 else {
            if count < 0, errno == EAGAIN { return }
            throw HarnessError("the daemon closed the connection")
        }
        buffer.withUnsafeBytes { bytes in
            var next = 0
            while next < count, let found = memchr(bytes.baseAddress! + next, 0x0A, count - next) {
                ends[index].replies += 1
                next = UnsafeRawPointer(found) - bytes.baseAddress! + 1
            }
        }
    }
}
