internal import CLinux
internal import Glibc
internal import Platform

/// A command that runs with its output passed on and recorded as it comes, and signals passed to it.
struct ChildProcess {
    enum Ending: Equatable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    /// - Parameters:
    ///   - command: the words.
    ///   - executable: what the first of them stands for.
    ///   - input: what the command reads; `nil`: nothing.
    ///   - echoes: whether output is passed on to this process's.
    /// - Throws: `SystemError` if it cannot be started, `OutputError` if output cannot be passed on.
    static func run(
        _ command: [[UInt8]], executable: [UInt8]?, input: [UInt8]?, echoes: Bool
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
                    command, executable: executable,
                    ProcessLaunch(
                        descriptors: [source, outputEnd, errorsEnd], mask: mask,
                        variables: ["\(nestingVariable)=1"]))
            }
        }
        var run = RecordedRun()
        try relay(output, errors, of: child, echoes: echoes, to: &run)
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
            // A core of this process would take the place of the command's.
            memod_leave_no_core()
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

    /// Until both pipes end. Whatever the command started in the background may hold them for ever after its end:
    /// a signal then ends the waiting, but for what the command itself has written.
    private static func relay(
        _ output: Int32, _ errors: Int32, of child: pid_t, echoes: Bool, to run: inout RecordedRun
    ) throws {
        var sources = [
            pollfd(fd: output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
        ]
        let streams: [(RecordedRun.Stream, Output)] = [
            (.standardOutput, .standard),
            (.standardError, Output(descriptor: STDERR_FILENO, name: "standard error")),
        ]
        // A pipe holds no more.
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        var isOver = false
        while !isOver, sources.contains(where: { $0.fd >= 0 }) {
            isOver = SignalForwarding.hasInterrupted && hasEnded(child)
            // A signal may come just before it waits, and ends no waiting that begins later.
            let patience: Int32 = isOver ? 0 : SignalForwarding.hasInterrupted ? 50 : 1000
            guard poll(&sources, 2, patience) >= 0 || errno == EINTR else {
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

    private static func hasEnded(_ child: pid_t) -> Bool {
        var information = siginfo_t()
        return waitid(P_PID, id_t(child), &information, WEXITED | WNOWAIT | WNOHANG) == 0
            && information.si_signo == SIGCHLD
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
