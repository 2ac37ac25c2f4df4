/// Wrong usage that is only found while a command runs.
struct UsageError: Error {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}
