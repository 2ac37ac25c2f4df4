internal import Glibc
internal import Platform

/// What is known of the terminal at an output, if it is one.
struct Terminal {
    static let standardOutput = Terminal(STDOUT_FILENO)
    static let standardError = Terminal(STDERR_FILENO)

    let descriptor: Int32
    let isTerminal: Bool
    /// Whether colours and other attributes may be used.
    let hasColour: Bool

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1
        let noColour = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
        let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? true
        hasColour = isTerminal && !noColour && !isDumb
    }

    /// Columns and lines; 80 by 24 if it cannot be told.
    var size: (columns: Int, lines: Int) {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return (80, 24) }
        return (Int(size.ws_col), max(1, Int(size.ws_row)))
    }

    /// Text that came from elsewhere: on a terminal without characters that would steer it.
    func safe(_ text: String) -> String {
        isTerminal ? TextEscaping.printable(text) : text
    }

    func styled(_ text: String, _ style: Style) -> String {
        hasColour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    enum Style: String {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
    }

    /// For messages: what cannot be written is no one's affair.
    func writeLine(_ text: String) {
        try? Output(descriptor: descriptor, name: "").write(Array(safe(text).utf8) + [0x0A])
    }
}
