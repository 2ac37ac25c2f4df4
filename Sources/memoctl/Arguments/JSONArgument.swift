internal import ArgumentParser
internal import MemoClient
internal import MemoWire
internal import Platform

/// A KEY or VALUE on the command line.
struct JSONArgument: ExpressibleByArgument {
    let text: String

    init(argument: String) {
        text = ArgumentOrder.unmarked(argument)
    }

    var isInput: Bool { text == "-" }
    var string: JSONText { JSONText(string: text) }

    /// - Parameters:
    ///   - name: what the usage calls it.
    ///   - isKey: whether it has to be what the daemon takes for a key.
    /// - Throws: a usage error that shows how to write a string.
    func json(_ name: String, isKey: Bool = false) throws -> JSONText {
        let json: JSONText
        do {
            json = try JSONText(parsing: text)
        } catch {
            throw ValidationError(Self.complaint(name, text, error))
        }
        if isKey, let fault = KeyCheck.fault(in: json.bytes) {
            throw ValidationError("\(name) cannot be a key: \(TextEscaping.printable(fault)).")
        }
        return json
    }

    private static func complaint(_ name: String, _ text: String, _ error: MemoError) -> String {
        let shown = TextEscaping.printable(text.count > 40 ? text.prefix(40) + "…" : text)
        let quoted = TextEscaping.printable(JSONText(string: text.count > 40 ? "text" : text).description)
            .split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
        return "\(name) is not JSON: \(shown) (\(error.message)). "
            + "A string is written '\(quoted)', or with --string as it is."
    }
}
