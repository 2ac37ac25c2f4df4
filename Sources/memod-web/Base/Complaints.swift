internal import Glibc
internal import Platform

/// Lines on standard error.
enum Complaints {
    static func say(_ text: String) {
        let line = Array("memod-web: \(TextEscaping.printable(text))\n".utf8)
        _ = Glibc.write(STDERR_FILENO, line, line.count)
    }
}
