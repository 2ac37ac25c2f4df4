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
        if let fault = Self.depthFault(in: Array(text.utf8)) {
            throw ValidationError("\(name) is \(fault).")
        }
        let json: JSONText
        do {
            json = try JSONText(parsing: text)
        } catch {
            throw ValidationError(Self.complaint(name, text, error))
        }
        if isKey, let fault = KeyCheck.fault(in: json.bytes) {
            throw ValidationError("\(name) cannot be a key: \(TextEscaping.shown(fault, atMost: 200)).")
        }
        return json
    }

    private static func complaint(_ name: String, _ text: String, _ error: MemoError) -> String {
        let shown = TextEscaping.shown(text, atMost: shownMost)
        // What begins as no other JSON does was meant for a string.
        let beginnings: Set<Character> = ["{", "[", "\""]
        if let first = text.first, beginnings.contains(first) {
            return "\(name) is not JSON: \(shown) (\(error.message))."
        }
        let example = text.unicodeScalars.count > shownMost ? "text" : text
        let quoted = TextEscaping.printable(JSONText(string: example).description)
            .split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
        return "\(name) is not JSON: \(shown) (\(error.message)). "
            + "A string is written '\(quoted)', or with --string as it is."
    }

    private static let shownMost = 40
    /// The request around it takes one.
    private static let depth = WireLimits.depth - 1

    /// That is JSON, and more than the daemon takes, which would name a byte of the request.
    static func depthFault(in text: [UInt8]) -> String? {
        do {
            try text.withUnsafeBytes { try JSONValue.validate($0, depth: depth) }
        } catch let error as JSONError where error.reason == .tooDeep {
            return "nested deeper than \(depth) at byte \(error.offset)"
        } catch {}
        return nil
    }
}
