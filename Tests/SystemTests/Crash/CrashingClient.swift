import TestSupport

/// A client that writes to keys of its own, as fast as it is answered, until the daemon is gone.
final class CrashingClient: @unchecked Sendable {  // Used by one thread at a time.
    let function: String
    private let number: Int
    private var generator: SeededGenerator
    private var version = 0
    private(set) var history: WriteHistory
    static let keys = 24

    init(number: Int, seed: UInt64) {
        self.number = number
        function = "client\(number)"
        generator = SeededGenerator(seed &+ UInt64(number) &* 1_000_003)
        history = WriteHistory(keys: Self.keys)
    }

    /// Writes until the connection fails. A client whose number is even sends several requests at once.
    func run(_ peer: Peer) {
        while true {
            let first = history.requests.count
            let lines = (0..<(number % 2 == 0 ? Int.random(in: 1...16, using: &generator) : 1)).map { _ in
                next()
            }
            do {
                try peer.send(bytes: (lines.joined(separator: "\n") + "\n").utf8)
                for request in first..<history.requests.count {
                    guard let line = try peer.line() else { return }
                    // An error would have to be explained: none of these requests is wrong.
                    guard line.hasPrefix("{\"ok\":true") else { throw HarnessError(line) }
                    history.answered(request)
                }
            } catch let error as HarnessError {
                failure = error.description.hasPrefix("{") ? error.description : nil
                return
            } catch {
                return
            }
        }
    }

    /// An error that the daemon answered.
    private(set) var failure: String?

    /// The next request, noted in the history.
    private func next() -> String {
        let key = Int.random(in: 0..<Self.keys, using: &generator)
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<2:
            history.clear(taggedAlone: false)
            return Peer.request("clear", function)
        case 2..<4:
            history.clear(taggedAlone: true)
            return "{\"op\":\"clear\",\"tag\":\"\(function)\"}"
        case 4..<12:
            history.delete(key)
            return Peer.request("delete", function, "\"key\":\(key)")
        case 12..<14:
            history.sync()
            return "{\"op\":\"sync\"}"
        default:
            let isDurable = Int.random(in: 0..<10, using: &generator) == 0
            let isTagged = Bool.random(using: &generator)
            let value = value(isTagged: isTagged)
            history.put(key, value, isTagged: isTagged, isDurable: isDurable)
            return Peer.request(
                "put", function, "\"key\":\(key),\"value\":\(value)",
                (isTagged ? "\"tags\":[\"\(function)\"]," : "") + "\"durable\":\(isDurable)")
        }
    }

    /// Mostly one that was never used before; sometimes one that other keys have too, which then share it. What is
    /// found after a crash has to say whether it was tagged.
    private func value(isTagged: Bool) -> String {
        if Int.random(in: 0..<8, using: &generator) == 0 {
            let number = Int.random(in: 0..<4, using: &generator)
            return "\"\(String(repeating: "\(isTagged ? "tagged" : "shared")\(number)", count: 500))\""
        }
        version += 1
        let length = [0, 10, 100, 1000, 20_000][Int.random(in: 0..<5, using: &generator)]
        return "\"\(number).\(version).\(String(repeating: "v", count: length))\""
    }

    /// What is there now, by key.
    func look(_ peer: Peer) throws -> [String?] {
        try (0..<Self.keys).map { key in
            let reply = try peer.get(function, "\(key)")
            guard reply.isOK else { throw HarnessError("get: \(reply)") }
            return reply.value
        }
    }

    func settle(_ found: [String?]) { history.settle(found) }
}
