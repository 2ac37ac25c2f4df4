internal import Glibc
internal import MemoWire
internal import Synchronization

/// Starts a daemon for this user if none answers and no socket is named. One process at a time starts, behind a
/// lock beside the socket; the others wait in silence. A start that fails is not tried again for a while, and whoever
/// waited for it fails with it.
package enum Autostart {
    /// How long a start by anyone is waited for.
    private static let patience = Duration.seconds(5)
    /// After a start that failed, or was waited for in vain.
    private static let pause = Duration.seconds(60)
    private static let pollMs: (least: Int32, most: Int32) = (4, 25)

    /// What the last attempt ended with, and until when there is no other.
    private static let failed = Mutex<(error: MemoError, until: ContinuousClock.Instant)?>(nil)

    /// Whether clients of this process may start one: no socket is named, and no one turned it off.
    static var isWanted: Bool {
        if let socket = variable("MEMOD_SOCKET"), !socket.isEmpty { return false }
        return !["0", "no", "off", "false"].contains(variable("MEMOD_AUTOSTART")?.lowercased())
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// Connects, and starts a daemon if none is there, or an older one that clients started.
    /// - Parameters:
    ///   - isWanted: whether this client starts one at all.
    ///   - timeout: how long connecting may take once one is there: to start it is not part of a request's time.
    static func open(
        _ locations: [SocketLocation], isWanted: Bool, deadline: Deadline, timeout: Duration
    ) throws(MemoError) -> SocketConnection {
        guard isWanted, self.isWanted else { return try SocketConnection.open(locations, deadline: deadline) }
        var connection = try openOrStart(locations, deadline, timeout)
        let answer = Retirement.ask(&connection, deadline: deadline)
        if case .stays = answer { return connection }
        _ = consume connection
        if case .ends(let daemon) = answer { Retirement.wait(for: daemon) }
        return try openOrStart(locations, deadline, timeout)
    }

    private static func openOrStart(
        _ locations: [SocketLocation], _ deadline: Deadline, _ timeout: Duration
    ) throws(MemoError) -> SocketConnection {
        do throws(MemoError) {
            return try SocketConnection.open(locations, deadline: deadline)
        } catch {
            guard isMissing(error, locations) else { throw error }
            try ensure(missing: error, tell: toStandardError)
            return try SocketConnection.open(SocketLocation.candidates(), deadline: Deadline(in: timeout))
        }
    }

    private static func toStandardError(_ message: String) {
        let line = message + "\n"
        _ = write(STDERR_FILENO, line, line.utf8.count)
    }

    /// Whether no one is there: one who refuses this user is.
    package static func isMissing(_ error: MemoError, _ locations: [SocketLocation]) -> Bool {
        guard error.code == .unreachable else { return false }
        return !locations.contains { location in
            var status = stat()
            return lstat(location.path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
                && access(location.path, W_OK) != 0
        }
    }

    /// Returns once a daemon answers.
    /// - Throws: why none could be started, led by `missing`.
    private static func ensure(missing: MemoError, tell: (String) -> Void) throws(MemoError) {
        if let failed = failed.withLock({ $0 }), ContinuousClock.now < failed.until { throw failed.error }
        do throws(MemoError) {
            let plan: StartPlan
            do throws(MemoError) {
                plan = try StartPlan()
            } catch {
                throw MemoError(error.code, "\(missing.message); \(error.message)", cause: missing.cause)
            }
            try start(plan, tell: tell)
        } catch {
            failed.withLock { $0 = (error, ContinuousClock.now + pause) }
            throw error
        }
    }

    /// Starts the daemon, or waits while someone else does.
    /// - Parameter tell: is told what the daemon has to say once.
    /// - Returns: the process that was started here; `nil` if another one was there, or was quicker.
    @discardableResult
    package static func start(_ plan: StartPlan, tell: (String) -> Void) throws(MemoError) -> DaemonProcess? {
        let began = bootSeconds
        let deadline = Deadline(in: patience)
        let lock = Glibc.open(plan.lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw StartPlan.refusal(
                "memod was not started: \(plan.lock): \(SystemCallError("open", number: errno).reason)")
        }
        defer { close(lock) }
        var pauseMs = pollMs.least
        while true {
            if flock(lock, LOCK_EX | LOCK_NB) == 0 {
                // Not left to `close`: a child forked meanwhile may have it open, too.
                defer { flock(lock, LOCK_UN) }
                if answers(plan, deadline) { return nil }
                if let reason = failure(lock, since: began) { throw StartPlan.refusal(reason) }
                // One that is about to end, or to listen, holds what another would need.
                if DaemonProcess(socket: plan.socket) == nil { return try launch(plan, lock, deadline, tell) }
            }
            try wait(&pauseMs, deadline)
        }
    }

    /// Called with the lock held.
    private static func launch(
        _ plan: StartPlan, _ lock: Int32, _ deadline: Deadline, _ tell: (String) -> Void
    ) throws(MemoError) -> DaemonProcess? {
        let daemon = try StartedDaemon(plan)
        var pauseMs = pollMs.least
        while true {
            if answers(plan, deadline) {
                for notice in daemon.notices { tell("memod: " + notice) }
                return DaemonProcess(socket: plan.socket)
            }
            if daemon.hasEnded {
                // Another one may have been first.
                if answers(plan, deadline) { return nil }
                let reason = "memod could not be started: \(daemon.lastWords) (log: \(plan.log))"
                note(reason, lock)
                throw StartPlan.refusal(reason)
            }
            try wait(&pauseMs, deadline)
        }
    }

    private static func wait(_ pauseMs: inout Int32, _ deadline: Deadline) throws(MemoError) {
        if let left = deadline.left, left <= .zero { throw MemoError(.starting, "memod is still starting") }
        poll(nil, 0, pauseMs + Int32.random(in: 0...pauseMs / 2))
        pauseMs = min(pauseMs * 3 / 2, pollMs.most)
    }

    /// Whether a daemon answers: one that listens already may still be loading.
    private static func answers(_ plan: StartPlan, _ deadline: Deadline) -> Bool {
        do throws(MemoError) {
            let locations =
                plan.isNamed
                ? [SocketLocation(path: plan.socket, origin: "given")] : SocketLocation.candidates()
            var connection = try SocketConnection.open(locations, deadline: deadline)
            try connection.send(Call.hello().request.bytes, deadline: deadline)
            _ = try connection.receiveLine(deadline: deadline)
            return true
        } catch {
            return false
        }
    }

    /// One clock for all processes, whatever is done to the time of day.
    private static var bootSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// For those who waited for this start.
    private static func note(_ reason: String, _ lock: Int32) {
        let text = "{\"failed\":\(bootSeconds),\"reason\":\(JSONText(string: reason))}"
        if ftruncate(lock, 0) == 0 { _ = pwrite(lock, text, text.utf8.count, 0) }
    }

    /// Why the start failed that was waited for since then, if one did.
    private static func failure(_ lock: Int32, since: Double) -> String? {
        guard let text = SmallFile.read(lock, limit: 8192), !text.isEmpty,
            let noted = try? Reply(line: Array(text.utf8)),
            let failed = noted["failed"].flatMap({ Double($0.description) }), failed >= since
        else { return nil }
        return noted.string("reason")
    }
}
