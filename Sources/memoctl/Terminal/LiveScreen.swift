internal import Glibc

/// What is to be restored. Written before the signal handlers are installed, and in `restore`.
nonisolated(unsafe) private var savedAttributes: termios?
nonisolated(unsafe) private var isActive = false

/// A full screen that is drawn again and again, and given back whatever happens.
struct LiveScreen {
    /// Away to the other screen, cursor hidden; and back.
    private static let enter: StaticString = "\u{1B}[?1049h\u{1B}[?25l"
    private static let leave: StaticString = "\u{1B}[?25h\u{1B}[?1049l"

    private let terminal: Terminal
    static var isShown: Bool { isActive }

    /// - Parameter readsKeys: keys arrive at once and are not shown.
    init(_ terminal: Terminal, readsKeys: Bool) {
        self.terminal = terminal
        var attributes = termios()
        if readsKeys, tcgetattr(STDIN_FILENO, &attributes) == 0 { savedAttributes = attributes }
        var handled = sigset_t()
        sigemptyset(&handled)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGILL, SIGTRAP, SIGBUS, SIGFPE] {
            sigaddset(&handled, number)
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { number in
                LiveScreen.restore()
                signal(number, SIG_DFL)
                raise(number)
            }
            // Reset at once, and not blocked within its own handler: raising it again ends the process.
            action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | Int32(SA_NODEFER)
            sigaction(number, &action, nil)
        }
        // Whoever started it may have blocked them.
        sigprocmask(SIG_UNBLOCK, &handled, nil)
        atexit { LiveScreen.restore() }
        Self.take()
    }

    /// Stopped by the terminal (^Z), it gives the screen back, and takes it again when it is continued.
    private static func takeStops() {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { number in
            LiveScreen.restore()
            signal(number, SIG_DFL)
            raise(number)
            // Here it goes on.
            LiveScreen.take()
        }
        action.sa_flags = Int32(SA_NODEFER)
        sigaction(SIGTSTP, &action, nil)
    }

    private static func take() {
        isActive = true
        takeStops()
        if var attributes = savedAttributes {
            attributes.c_lflag &= ~tcflag_t(ICANON | ECHO)
            tcsetattr(STDIN_FILENO, TCSADRAIN, &attributes)
        }
        write(enter)
    }

    private static func write(_ text: StaticString) {
        _ = text.withUTF8Buffer { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }

    /// Draws lines from the top; what does not fit is left out.
    func draw(_ lines: [String]) throws {
        let size = terminal.size
        // Each is erased before it is written: behind a full line, that would take its last character.
        let shown = lines.prefix(size.lines).map { "\u{1B}[K" + DisplayWidth.cut($0, size.columns) }
        var text = "\u{1B}[H" + shown.joined(separator: "\r\n")
        if shown.count < size.lines { text += "\r\n\u{1B}[J" }
        try Output.standard.write(Array(text.utf8))
    }

    /// Gives the terminal back. May be called from a signal handler, and more than once.
    static func restore() {
        guard isActive else { return }
        isActive = false
        write(leave)
        if var attributes = savedAttributes { tcsetattr(STDIN_FILENO, TCSADRAIN, &attributes) }
    }

    /// Waits for a key.
    /// - Returns: its byte; `nil` if none came in time. The end of the input is `q`.
    static func key(within duration: Duration) -> UInt8? {
        var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard
            poll(
                &input, 1,
                Int32(clamping: duration / .milliseconds(1) < 1 ? 1 : Int64(duration / .milliseconds(1)))) > 0
        else { return nil }
        var byte: UInt8 = 0
        return read(STDIN_FILENO, &byte, 1) == 1 ? byte : UInt8(ascii: "q")
    }
}
