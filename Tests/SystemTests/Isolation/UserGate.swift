import Foundation

/// A way to a daemon as another user: a process of that user's that passes on what it is sent, so that the daemon
/// sees real credentials and the test keeps a connection for as long as it likes.
final class UserGate {
    private let process: ChildProcess
    private let path: String

    private static let script = """
        import os, socket, sys, threading
        def pump(one, other):
            try:
                while True:
                    data = one.recv(65536)
                    if not data: break
                    other.sendall(data)
            except OSError: pass
            try: other.shutdown(socket.SHUT_WR)
            except OSError: pass
        gate = socket.socket(socket.AF_UNIX); gate.bind(sys.argv[2]); gate.listen(64)
        os.chmod(sys.argv[2], 0o600)
        print('open', file=sys.stderr, flush=True)
        while True:
            inner, _ = gate.accept()
            outer = socket.socket(socket.AF_UNIX); outer.connect(sys.argv[1])
            for pair in (inner, outer), (outer, inner):
                threading.Thread(target=pump, args=pair, daemon=True).start()
        """

    /// - Parameters:
    ///   - home: one that others may enter.
    ///   - group: the user's only group; one of the same number if it is not given.
    init(_ home: Home, user: Int, group: Int? = nil) throws {
        let directory = home.path + "/\(user)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        guard chown(directory, uid_t(user), gid_t(group ?? user)) == 0 else {
            throw HarnessError.system("chown \(directory)")
        }
        path = directory + "/gate"
        process = try ChildProcess([
            "setpriv", "--reuid=\(user)", "--regid=\(group ?? user)", "--clear-groups",
            Command.systemPython!, "-c", Self.script, home.socket, path,
        ])
        guard process.logs("open") else { throw HarnessError("no gate for \(user): \(process.log)") }
    }

    /// A connection of that user's.
    func connect() throws -> Peer { try Peer(path) }
}
