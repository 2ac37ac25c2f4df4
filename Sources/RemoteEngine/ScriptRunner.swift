internal import RemoteTier

/// Runs a script by its hash, and sends it whole if the server does not have it: the first time, and after a flush.
final class ScriptRunner: @unchecked Sendable {  // Touched on its event loop only.
    private let text: [UInt8]
    private let router: Router
    /// As a server said it is.
    private var hash: [UInt8]?
    private var isLoading = false

    init(_ text: String, _ router: Router) {
        self.text = text.wire
        self.router = router
    }

    func run(
        keys: [[UInt8]], arguments: [[UInt8]], _ reply: @escaping (RedisReply) -> Void
    ) {
        let rest = [keys.count.wire] + keys + arguments
        guard let hash else {
            if !isLoading {
                isLoading = true
                load(keys[0])
            }
            return whole(keys[0], rest, reply)
        }
        router.write(keys[0], RespCommand(name: "EVALSHA", arguments: [hash] + rest)) { [self] answer in
            if case .failure(.refused(let error)) = answer, error.code == "NOSCRIPT" {
                return whole(keys[0], rest, reply)
            }
            reply(answer)
        }
    }

    private func load(_ name: [UInt8]) {
        router.write(name, RespCommand("SCRIPT", "LOAD".wire, text)) { [self] answer in
            isLoading = false
            if case .success(let value) = answer, let bytes = value.bytes { hash = bytes }
        }
    }

    private func whole(_ name: [UInt8], _ rest: [[UInt8]], _ reply: @escaping (RedisReply) -> Void) {
        router.write(name, RespCommand(name: "EVAL", arguments: [text] + rest), reply)
    }
}
