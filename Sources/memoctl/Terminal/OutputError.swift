internal import MemoClient

/// Reading or writing that failed on this side.
struct OutputError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    init(_ what: String, number: Int32) {
        description = "\(what): \(SystemCallError("", number: number).reason)"
    }
}
