import Glibc

/// How a process ended.
enum ExitStatus: Equatable {
    case exited(Int32)
    case killed(signal: Int32)
}

/// A process whose standard error is read here. It is killed, by its number, and reaped with this object.
final class ChildProcess {
    let pid: pid_t
    private let errors: Int32
    private var text: [UInt8] = []
    private var isAtEnd = false
    nonisolated(unsafe) private static var spawning = pthread_mutex_t()
    /// F_SETPIPE_SZ, which the importer does not see.
    private static let setPipeSize: Int32 = 1031
    private(set) var status: ExitStatus?

    /// - Parameters:
    ///   - arguments: the program, looked up in `PATH`, and its arguments.
    ///   - environment: what is set beside the environment of the tests, from which `MEMOD_…` is taken out.
    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        // Until the pipe is marked, another child must not inherit it: its end would not be seen.
        pthread_mutex_lock(&Self.spawning)
        defer { pthread_mutex_unlock(&Self.spawning) }
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw HarnessError.system("pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // The daemon never waits for a test that is slow to read.
        _ = fcntl(ends[0], Self.setPipeSize, 1 << 20)
        defer { close(ends[1]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)

        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] =
            Self.environment(adding: environment).map { strdup($0) } + [nil]
        defer { for word in words + variables { free(word) } }
        var child: pid_t = 0
        let result = posix_spawnp(&child, arguments[0], &actions, nil, &words, &variables)
        guard result == 0 else {
            close(ends[0])
            throw HarnessError("\(arguments[0]): \(String(cString: strerror(result)))")
        }
        pid = child
        errors = ends[0]
    }

    deinit {
        if status == nil {
            Glibc.kill(pid, SIGKILL)
            var status: Int32 = 0
            waitpid(pid, &status, 0)
        }
        close(errors)
    }

    private static func environment(adding more: [String: String]) -> [String] {
        var variables: [String] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if !text.hasPrefix("MEMOD_"), !more.keys.contains(where: { text.hasPrefix("\($0)=") }) {
                variables.append(text)
            }
            next += 1
        }
        return variables + more.map { "\($0.key)=\($0.value)" }
    }

    func signal(_ number: Int32) {
        if status == nil { Glibc.kill(pid, number) }
    }

    /// What it has written to standard error so far.
    var log: String {
        _ = readErrors(until: .now)
        return String(decoding: text, as: UTF8.self)
    }

    /// Waits until it has written this, or has ended.
    /// - Returns: whether it has written it.
    func logs(_ expected: String, within seconds: Double = 20) -> Bool {
        let deadline = Moment.after(seconds: seconds)
        while !String(decoding: text, as: UTF8.self).contains(expected) {
            guard readErrors(until: deadline) else {
                return String(decoding: text, as: UTF8.self).contains(expected)
            }
        }
        return true
    }

    /// Waits for its end, which closes its standard error.
    func wait(within seconds: Double = 20) throws -> ExitStatus {
        if let status { return status }
        let deadline = Moment.after(seconds: seconds)
        while !isAtEnd {
            guard readErrors(until: deadline) || isAtEnd else {
                throw HarnessError("process \(pid) still runs after \(seconds) s; it logged:\n\(log)")
            }
        }
        var code: Int32 = 0
        guard waitpid(pid, &code, 0) == pid else { throw HarnessError.system("waitpid") }
        let ended: ExitStatus = code & 0x7f == 0 ? .exited(code >> 8 & 0xff) : .killed(signal: code & 0x7f)
        status = ended
        return ended
    }

    /// - Returns: whether something was read.
    private func readErrors(until deadline: Moment) -> Bool {
        guard !isAtEnd else { return false }
        var waiting = pollfd(fd: errors, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, deadline.remainingMs) > 0 else { return false }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = read(errors, &buffer, buffer.count)
        if count <= 0 { isAtEnd = true } else { text += buffer[..<count] }
        return count > 0
    }
}
