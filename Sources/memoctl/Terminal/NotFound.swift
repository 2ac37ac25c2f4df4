/// What was asked for is not there: exit status 2, and standard error says what is near.
struct NotFound: Error {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}
