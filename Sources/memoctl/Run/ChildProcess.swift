internal import Glibc

/// A command that runs with its output passed on and recorded as it comes, and signals passed to it.
struct ChildProcess {
    enum Ending: Equatable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    struct Failure: Error {
        let number: Int32
    }

    /// - Parameters:
    ///   - command: the words; the first is looked up in `PATH`.
    ///   - input: what the command reads; `nil`: nothing.
    ///   - echoes: whether output is passed on to this process's.
    /// - Throws: `Failure` where it cannot be started, `OutputError` where output cannot be passed on.
    static func run(
        _ command: [[UInt8]], input: [UInt8]?, echoes: Bool
    ) throws -> (run: RecordedRun, ending: Ending) {
        let source = try InputFile.make(input ?? [])
        defer { close(source) }
        let (output, outputEnd) = try makePipe()
        defer { close(output) }
        let (errors, errorsEnd) = try makePipe()
        defer { close(errors) }
        let child: pid_t
        do {
            defer {
                close(outputEnd)
                close(errorsEnd)
            }
            child = try SignalForwarding.whileBlocked { mask in
                try Spawning.spawn(
                    command, descriptors: [source, outputEnd, errorsEnd], mask: mask,
                    variables: ["\(nestingVariable)=1"])
            }
        }
        var run = RecordedRun()
        try relay(output, errors, echoes: echoes, to: &run)
        let ending = try wait(for: child)
        if case .exited(let status) = ending { run.status = status }
        return (run, ending)
    }

    /// Set in a command's environment: a run within a run does not wait for leases, or two of them could wait
    /// for each other.
    static let nestingVariable = "MEMOCTL_RUN"

    static var isNested: Bool { getenv(nestingVariable) != nil }

    /// Ends this process as the command ended.
    static func end(as ending: Ending) -> Never {
        switch ending {
        case .exited(let status): exit(status)
        case .killed(let number):
            signal(number, SIG_DFL)
            var set = sigset_t()
            sigemptyset(&set)
            sigaddset(&set, number)
            sigprocmask(SIG_UNBLOCK, &set, nil)
            kill(getpid(), number)
            // It was a signal that does not end processes here.
            exit(128 + number)
        }
    }

    private static func makePipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw OutputError("a pipe", number: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func relay(
        _ output: Int32, _ errors: Int32, echoes: Bool, to run: inout RecordedRun
    ) throws {
        var sources = [
            pollfd(fd: output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
        ]
        let streams: [(RecordedRun.Stream, Output)] = [
            (.standardOutput, .standard),
            (.standardError, Output(descriptor: STDERR_FILENO, name: "standard error")),
        ]
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while sources.contains(where: { $0.fd >= 0 }) {
            guard poll(&sources, 2, -1) >= 0 || errno == EINTR else {
                throw OutputError("poll", number: errno)
            }
            for index in sources.indices where sources[index].fd >= 0 && sources[index].revents != 0 {
                sources[index].revents = 0
                let count = read(sources[index].fd, &buffer, buffer.count)
                if count < 0 {
                    if errno == EINTR || errno == EAGAIN { continue }
                    throw OutputError("the command's output", number: errno)
                }
                if count == 0 {
                    sources[index].fd = -1
                    continue
                }
                run.append(buffer[..<count], to: streams[index].0)
                if echoes { try streams[index].1.write(Array(buffer[..<count])) }
            }
        }
    }

    private static func wait(for child: pid_t) throws -> Ending {
        var status: Int32 = 0
        while true {
            // Left in the table until no signal can be sent to its number any more.
            var information = siginfo_t()
            if waitid(P_PID, id_t(child), &information, WEXITED | WNOWAIT) == 0 { break }
            guard errno == EINTR else { throw OutputError("the command's end", number: errno) }
        }
        SignalForwarding.stop()
        while waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else { throw OutputError("the command's end", number: errno) }
        }
        let signal = status & 0x7F
        return signal == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: signal)
    }
}
