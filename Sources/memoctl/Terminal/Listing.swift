internal import MemoClient

/// The rows of a listing, gathered from as many pages as they take.
struct Listing<Row: Sendable> {
    /// The most that one page may have.
    private static var pageRows: Int { 1000 }

    let rows: [Row]
    /// Where it goes on; `nil`: that was all.
    let next: String?

    /// - Parameters:
    ///   - limit: how many rows at most; `nil`: all.
    ///   - page: asks for one page.
    static func read(
        limit: Int?, after: String?, page: (_ limit: Int, _ after: String?) throws -> Page<Row>
    ) throws -> Listing {
        var rows: [Row] = []
        var next = after
        repeat {
            let part = try page(min(Self.pageRows, (limit ?? .max) - rows.count), next)
            rows += part.rows
            next = part.next
        } while next != nil && rows.count < limit ?? .max
        return Listing(rows: rows, next: next)
    }

    /// Tells a person how to see the rest.
    func sayWhatIsLeft(_ command: String) {
        guard let next else { return }
        let terminal = Terminal.standardError
        let quoted = next.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
        terminal.writeLine("memoctl: more follow: \(command) --after '\(quoted)'")
    }
}
