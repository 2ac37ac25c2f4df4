internal import Glibc
internal import Synchronization

/// Tells why memoized functions do without the daemon: once of the daemon, and once of each function that it refuses.
final class Diagnostics: Sendable {
    private let tell: @Sendable (String) -> Void
    /// Functions by their names; `nil`: the daemon.
    private let told = Mutex<Set<String?>>([])
    /// Functions told of: names may be made up without end.
    private static let most = 100

    init(_ tell: @escaping @Sendable (String) -> Void) { self.tell = tell }

    /// The daemon is not there, or of no use.
    func lost(_ error: MemoError) {
        // What is slow comes in the end.
        if error.code == .starting { return }
        tell(nil, "no results are kept: \(error)")
    }

    /// The daemon does not take what a function asks for.
    func refused(_ function: String, _ error: MemoError) {
        tell(function, "not all results of the function \"\(function)\" are kept: \(error)")
    }

    /// A variable of the environment makes no sense.
    func misread(_ message: String) { tell(Verification.variable, message) }

    /// A result that was kept is not what the function gives now.
    func differs(_ function: String, _ key: MemoizedKey, _ mismatch: Mismatch) {
        guard told.withLock({ $0.count < Self.most && $0.insert(function + "\0" + mismatch.digest).inserted })
        else { return }
        let arguments = Verifier.shortened(String(key.json.description.dropFirst().dropLast()))
        tell(
            "memod: \(function)(\(arguments)) gave \(mismatch.computed), but \(mismatch.kept) was kept: it depends on "
                + "more than its arguments. The new result replaces the old")
    }

    /// The function has thrown if there is a result of it.
    func unverified(_ function: String, _ error: any Error) {
        tell("\(function)\0verify", "a result of \"\(function)\" could not be verified: \(error)")
    }

    private func tell(_ subject: String?, _ message: String) {
        guard told.withLock({ $0.count < Self.most && $0.insert(subject).inserted }) else { return }
        tell("memod: " + message)
    }

    /// Writes a line to standard error.
    static func toStandardError(_ message: String) {
        let line = Array("\(message)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}
