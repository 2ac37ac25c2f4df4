internal import CLinux
internal import Glibc
internal import Platform

/// The signals the daemon lives by, taken one after another instead of interrupting it. To be made before any
/// thread is started: threads inherit that these signals are blocked.
struct SignalQueue: ~Copyable {
    private let descriptor: Int32

    init() throws(SystemError) {
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGTERM, SIGINT, SIGHUP, SIGUSR1] { sigaddset(&signals, number) }
        let result = pthread_sigmask(SIG_BLOCK, &signals, nil)
        guard result == 0 else { throw SystemError(number: result) }
        signal(SIGPIPE, SIG_IGN)
        let descriptor = signalfd(-1, &signals, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
        guard descriptor >= 0 else { throw .last }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Waits for a signal.
    /// - Parameter timeoutMs: -1: without end.
    /// - Returns: its number, or `nil` after the time.
    func next(timeoutMs: Int32) -> Int32? {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, timeoutMs) > 0 else { return nil }
        var information = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        return read(descriptor, &information, size) == size ? Int32(information.ssi_signo) : nil
    }
}
