internal import Glibc

/// The command that signals are passed on to; 0: none. Written with those signals blocked.
nonisolated(unsafe) private var recipient: pid_t = 0
/// Whether any came. Written only in the handler.
nonisolated(unsafe) private var wasSignalled: sig_atomic_t = 0

/// Passes signals that this process gets on to the command that it runs.
enum SignalForwarding {
    private static let signals = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2]

    /// Whether a signal came while the command ran: what it did then is not what it does.
    static var hasInterrupted: Bool { wasSignalled != 0 }

    /// Starts a command such that no signal is lost in between, and passes them on to it from then on.
    /// - Parameter spawn: starts it, with this mask of blocked signals.
    static func whileBlocked(_ spawn: (sigset_t) throws -> pid_t) throws -> pid_t {
        var forwarded = set
        var mask = sigset_t()
        sigprocmask(SIG_BLOCK, &forwarded, &mask)
        // Where a parent has it ignored, no one is told how the command ended.
        signal(SIGCHLD, SIG_DFL)
        // Some programs start others with these blocked by accident: neither this process nor the command could
        // be ended.
        for number in signals { sigdelset(&mask, number) }
        defer { sigprocmask(SIG_SETMASK, &mask, nil) }
        let child = try spawn(mask)
        recipient = child
        for number in signals { install(number) }
        return child
    }

    /// Signals end this process again.
    static func stop() {
        var forwarded = set
        var mask = sigset_t()
        sigprocmask(SIG_BLOCK, &forwarded, &mask)
        recipient = 0
        sigprocmask(SIG_SETMASK, &mask, nil)
    }

    private static var set: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in signals { sigaddset(&set, number) }
        return set
    }

    private static func install(_ number: Int32) {
        var current = sigaction()
        sigaction(number, nil, &current)
        // What was ignored when this process started, as by nohup, stays ignored here and in the command. The Swift
        // runtime may have handlers, which take the signal for a crash.
        let ignored = unsafeBitCast(SIG_IGN, to: Int.self)
        guard unsafeBitCast(current.__sigaction_handler.sa_handler, to: Int.self) != ignored else { return }
        var action = sigaction()
        action.__sigaction_handler.sa_sigaction = { number, information, _ in
            wasSignalled = 1
            if recipient == 0 { _exit(128 + number) }
            // A key pressed at the terminal reaches the command by itself: it is in the same process group.
            guard let information, information.pointee.si_code != siginfo_t.fromKernel else { return }
            kill(recipient, number)
        }
        action.sa_flags = SA_SIGINFO | Int32(bitPattern: UInt32(SA_RESTART))
        sigaction(number, &action, nil)
    }
}

extension siginfo_t {
    /// `SI_KERNEL`.
    fileprivate static let fromKernel: Int32 = 0x80
}
