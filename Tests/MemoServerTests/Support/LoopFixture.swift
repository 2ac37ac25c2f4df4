import Foundation
import Logging
import Platform

@testable import MemoServer

/// Running event loops with a scripted executor. Ends them when it goes.
final class LoopFixture {
    let executor = ScriptedExecutor()
    let loops: EventLoops
    private var isDrained = false

    init(
        limits: Limits = Limits(), count: Int = 1, maxConnections: Int = 10_000, lineLimit: Int = 16 << 20,
        listener: Int32? = nil, rules: AccessRules = AccessRules()
    ) throws {
        loops = try EventLoops(
            count: count, maxConnections: maxConnections, lineLimit: lineLimit, limitsUsers: false,
            limits: limits, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try loops.start(executor: executor, listener: listener, rules: rules)
    }

    deinit { drain(seconds: 0) }

    /// A new connection, and nothing sent on it.
    func connect(loop: Int = 0) throws -> TestClient {
        var ends: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else { throw SystemError.last }
        let peer = PeerCredentials(process: getpid(), user: getuid(), group: getgid())
        guard loops.adopt(AcceptedSocket(descriptor: ends[0], peer: peer, isAdministrator: true), loop: loop)
        else {
            close(ends[0])
            close(ends[1])
            throw SystemError(number: EMFILE)
        }
        return TestClient(descriptor: ends[1])
    }

    func drain(seconds: Int64) {
        guard !isDrained else { return }
        isDrained = true
        executor.drain()
        loops.drain(deadline: BootClock.nowMs + seconds * 1000)
        loops.join()
    }
}

/// A directory of its own, removed with everything in it.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/memod-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError.last }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
