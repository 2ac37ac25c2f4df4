import Foundation
import Glibc

/// A terminal of 100 columns with memoctl in it.
final class PseudoTerminal {
    /// TIOCSPTLCK and TIOCGPTN, which the importer does not see.
    private static let (setLock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)

    private let keyboard: Int32
    private let screen: FileHandle
    private let process = Process()
    private(set) var text = ""

    init(_ arguments: [String], program: String, environment: [String: String]) throws {
        keyboard = Glibc.open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (locked, number): (Int32, Int32) = (0, 0)
        guard keyboard >= 0, ioctl(keyboard, Self.setLock, &locked) == 0,
            ioctl(keyboard, Self.getNumber, &number) == 0,
            let screen = FileHandle(forUpdatingAtPath: "/dev/pts/\(number)")
        else { throw CocoaError(.fileNoSuchFile) }
        self.screen = screen
        var size = winsize(ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(keyboard, UInt(TIOCSWINSZ), &size)
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = environment.merging(["TERM": "xterm", "PATH": "/usr/bin:/bin"]) { $1 }
        process.standardInput = screen
        process.standardOutput = screen
        process.standardError = screen
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        close(keyboard)
    }

    func start() throws { try process.run() }

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
    /// - Returns: whether it was.
    func shows(_ expected: String) -> Bool {
        let end = Date(timeIntervalSinceNow: 120)
        while Date() < end {
            if let found = text.range(of: expected) {
                text.removeSubrange(..<found.upperBound)
                return true
            }
            read(within: 100)
        }
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
