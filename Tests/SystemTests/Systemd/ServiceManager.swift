import Foundation

/// Does for a daemon what systemd does: keeps the listening socket, passes it on, and takes notifications.
final class ServiceManager {
    let home: Home
    private let listener: Int32
    private let notifications: Int32
    private var received: [String] = []
    private(set) var process: ChildProcess?

    init(_ home: Home? = nil) throws {
        self.home = try home ?? Home()
        listener = try Self.bound(self.home.socket, SOCK_STREAM)
        guard listen(listener, 4096) == 0 else { throw HarnessError.system("listen") }
        notifications = try Self.bound(self.home.path + "/notify", SOCK_DGRAM)
    }

    deinit {
        process = nil
        close(listener)
        close(notifications)
    }

    private static func bound(_ path: String, _ type: __socket_type) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw HarnessError.system("socket") }
        guard withSocketAddress(path, { bind(descriptor, $0, $1) }) == 0 else {
            throw HarnessError.system("bind \(path)")
        }
        return descriptor
    }

    /// Starts a daemon on the socket and waits until it has notified that it is ready.
    func start(_ options: [String] = [], environment: [String: String] = [:]) throws {
        // The number of the process that it is passed to has to be known there.
        let script = #"exec 3<&"$0"; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@""#
        _ = fcntl(listener, F_SETFD, 0)
        defer { _ = fcntl(listener, F_SETFD, FD_CLOEXEC) }
        process = try ChildProcess(
            ["bash", "-c", script, "\(listener)", Daemon.binary, "--database", home.database] + options,
            environment: environment.merging(["NOTIFY_SOCKET": home.path + "/notify"]) { first, _ in first })
        _ = try notification("READY=1")
    }

    /// SIGTERM, and waits for the end.
    func stop() throws -> ExitStatus {
        guard let process else { throw HarnessError("no daemon runs") }
        process.signal(SIGTERM)
        return try process.wait(within: 60)
    }

    /// Waits for a notification that has this line.
    /// - Returns: all of it.
    func notification(_ line: String, within seconds: Double = 30) throws -> String {
        let deadline = Moment.after(seconds: seconds)
        while true {
            if let index = received.firstIndex(where: { $0.split(separator: "\n").contains(line[...]) }) {
                defer { received.removeSubrange(...index) }
                return received[index]
            }
            var waiting = pollfd(fd: notifications, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, deadline.remainingMs) > 0 else {
                throw HarnessError("no \(line) within \(seconds) s, but \(received); \(process?.log ?? "")")
            }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(notifications, &buffer, buffer.count, 0)
            guard count >= 0 else { throw HarnessError.system("recv") }
            received.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
    }
}
