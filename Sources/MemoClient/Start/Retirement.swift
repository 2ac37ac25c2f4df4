internal import CLinux
internal import Glibc
internal import Platform
internal import Synchronization

/// Has an older daemon, if clients started it, end once it is idle: the newer one that is there takes its place.
enum Retirement {
    /// How long its end is waited for; if it is busy, it is used as it is.
    private static let patience = Duration.milliseconds(400)
    private static let versionPatience = Duration.seconds(1)
    private static let pollMs: Int32 = 4
    /// MFD_CLOEXEC.
    private static let closeOnExec: UInt32 = 1

    enum Answer {
        /// The daemon is used, by the connection that there is.
        case stays
        /// It was asked to end once no one is connected.
        case ends(DaemonProcess)
        /// It did not answer; another connection is due.
        case broken
    }

    /// Once a process is enough: one that goes on is not asked again and again.
    private static let isDone = Mutex(false)

    /// - Parameter connection: one on which nothing was sent.
    static func ask(_ connection: inout SocketConnection, deadline: Deadline) -> Answer {
        let isSecond = isDone.withLock { done in
            defer { done = true }
            return done
        }
        if isSecond { return .stays }
        let hello: Reply
        do throws(MemoError) {
            try connection.send(Call.hello().request.bytes, deadline: deadline)
            hello = try Reply(line: connection.receiveLine(deadline: deadline))
        } catch {
            return .broken
        }
        guard let own = Numbers(Version.text), let running = hello.string("version").flatMap(Numbers.init),
            running < own, let plan = try? StartPlan(), let daemon = DaemonProcess(socket: plan.socket),
            daemon.wasStartedByClient, let program = version(of: plan.program), running < program,
            kill(daemon.pid, SIGUSR1) == 0
        else { return .stays }
        return .ends(daemon)
    }

    /// Waits for its end, which is not before it has no connection any more.
    static func wait(for daemon: DaemonProcess) {
        let end = ContinuousClock.now + patience
        while daemon.isAlive && ContinuousClock.now < end { poll(nil, 0, pollMs) }
    }

    private static func version(of program: String) -> Numbers? {
        let output = memfd_create("version", closeOnExec)
        guard output >= 0, let process = StartedDaemon.run([program, "--version"], output: output) else {
            return nil
        }
        defer { close(output) }
        let end = ContinuousClock.now + versionPatience
        while process.isAlive && ContinuousClock.now < end { poll(nil, 0, pollMs) }
        return SmallFile.read(output, limit: 256).flatMap(Numbers.init)
    }

    /// `0.1.0` of a text that has it somewhere.
    struct Numbers: Comparable {
        private let parts: [Int]

        init?(_ text: String) {
            for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
                let parts = word.split(separator: ".").map { Int($0.prefix { $0.isNumber }) }
                if parts.count == 3, !parts.contains(nil) {
                    self.parts = parts.compactMap { $0 }
                    return
                }
            }
            return nil
        }

        static func < (left: Numbers, right: Numbers) -> Bool {
            left.parts.lexicographicallyPrecedes(right.parts)
        }
    }
}
