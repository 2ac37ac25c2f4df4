internal import ArgumentParser
internal import Glibc
internal import MemoClient

/// A KEY or VALUE on the command line: JSON.
struct JSONArgument: ExpressibleByArgument {
    let text: String

    init(argument: String) {
        text = ArgumentOrder.unmarked(argument)
    }

    /// - Parameter name: what the usage calls it.
    /// - Throws: a usage error that shows how to write a string.
    func json(_ name: String) throws -> JSONText {
        do {
            return try JSONText(parsing: text)
        } catch {
            throw ValidationError(Self.complaint(name, text, error))
        }
    }

    /// The same, where `-` means standard input.
    func jsonOrInput(_ name: String) throws -> JSONText {
        guard text == "-" else { return try json(name) }
        let input = try StandardInput.readAll()
        do {
            return try JSONText(parsing: input)
        } catch {
            throw ValidationError("Standard input is not one JSON value: \(error.message).")
        }
    }

    private static func complaint(_ name: String, _ text: String, _ error: MemoError) -> String {
        let shown = TextEscaping.printable(text.count > 40 ? text.prefix(40) + "…" : text)
        let quoted = TextEscaping.printable(JSONText(string: text.count > 40 ? "text" : text).description)
            .split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
        return "\(name) is not JSON: \(shown) (\(error.message)). A string is written '\(quoted)'."
    }
}
