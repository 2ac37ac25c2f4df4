import Glibc

/// Why a test cannot go on: something took too long, ended, or answered what cannot be read.
struct HarnessError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// What the last system call said.
    static func system(_ doing: String) -> HarnessError {
        HarnessError("\(doing): \(String(cString: strerror(errno)))")
    }
}
