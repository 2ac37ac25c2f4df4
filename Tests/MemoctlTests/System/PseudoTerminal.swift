import Foundation
import Glibc

/// A terminal with memoctl in it, of 30 lines of 100 columns.
final class PseudoTerminal {
    /// TIOCSPTLCK and TIOCGPTN, which the importer does not see.
    private static let (setLock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)

    private let keyboard: Int32
    private let screen: FileHandle
    private let process = Process()
    private(set) var text = ""

    init(_ arguments: [String], program: String, environment: [String: String], directory: String? = nil)
        throws
    {
        keyboard = Glibc.open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (locked, number): (Int32, Int32) = (0, 0)
        guard keyboard >= 0, ioctl(keyboard, Self.setLock, &locked) == 0,
            ioctl(keyboard, Self.getNumber, &number) == 0,
            let screen = FileHandle(forUpdatingAtPath: "/dev/pts/\(number)")
        else { throw CocoaError(.fileNoSuchFile) }
        self.screen = screen
        resize(lines: 30, columns: 100)
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = environment.merging(["TERM": "xterm", "PATH": "/usr/bin:/bin"]) { own, _ in own
        }
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
        process.standardInput = screen
        process.standardOutput = screen
        process.standardError = screen
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        close(keyboard)
    }

    func start() throws { try process.run() }

    func resize(lines: UInt16, columns: UInt16) {
        var size = winsize(ws_row: lines, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(keyboard, UInt(TIOCSWINSZ), &size)
    }

    /// Waits until a screen was drawn from its top that has this in it, to the next one.
    /// - Returns: its lines without their attributes; none where that did not happen.
    func screen(with expected: String) -> [Substring] {
        text = ""
        for _ in 0..<100 {
            guard shows("\u{1B}[H") else { return [] }
            guard shows("\u{1B}[H", taking: false), let end = text.range(of: "\u{1B}[H") else { return [] }
            // The terminal puts a carriage return before each line feed.
            let drawn = text[..<end.lowerBound].replacing(/\u{1B}\[[0-9;]*[A-Za-z]/, with: "")
                .replacing("\r\r\n", with: "\n")
            if drawn.contains(expected) {
                return drawn.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            }
        }
        return []
    }

    /// Whether it reads lines and shows what is typed, as a shell expects it.
    var isForLines: Bool {
        var attributes = termios()
        tcgetattr(keyboard, &attributes)
        let lines = tcflag_t(ICANON | ECHO)
        return attributes.c_lflag & lines == lines
    }

    /// Sends the program a signal.
    func end(_ signal: Int32) { kill(process.processIdentifier, signal) }

    func type(_ keys: String) { _ = write(keyboard, keys, keys.utf8.count) }

    /// Reads until something was shown since the last call that was waited for.
    /// - Parameter taking: whether what was shown up to there is done with.
    /// - Returns: whether it was.
    func shows(_ expected: String, taking: Bool = true) -> Bool {
        let end = Date(timeIntervalSinceNow: 120)
        while Date() < end {
            if let found = text.range(of: expected) {
                if taking { text.removeSubrange(..<found.upperBound) }
                return true
            }
            read(within: 100)
        }
        return false
    }

    /// Reads what there is, for who does not care, or the program would wait.
    /// - Returns: false.
    func drain() -> Bool {
        while read(within: 0) {}
        return false
    }

    /// Waits for its end.
    /// - Returns: all that was shown and not waited for.
    func rest() -> String {
        while process.isRunning { read(within: 20) }
        while read(within: 0) {}
        return text
    }

    var status: (Process.TerminationReason, Int32) {
        process.waitUntilExit()
        return (process.terminationReason, process.terminationStatus)
    }

    @discardableResult
    private func read(within milliseconds: Int32) -> Bool {
        var waiting = pollfd(fd: keyboard, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, milliseconds) > 0 else { return false }
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = Glibc.read(keyboard, &bytes, bytes.count)
        guard count > 0 else { return false }
        text += String(decoding: bytes[..<count], as: UTF8.self)
        return true
    }
}
