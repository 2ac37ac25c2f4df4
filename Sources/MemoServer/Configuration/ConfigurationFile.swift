internal import Glibc
internal import MemoWire
internal import Platform

/// A configuration file: lines `name = value`, the names those of the command line. Empty lines and lines that
/// begin with `#` say nothing. A setting that is a list may stand on several lines, any other on one.
package struct ConfigurationFile: Sendable {
    package struct Entry: Equatable, Sendable {
        package var value: String
        package var line: Int
    }

    package static let sizeLimit = 1 << 20

    package let path: String
    package private(set) var entries: [SettingName: [Entry]] = [:]

    /// Reads the file at `path`.
    /// - Throws: if it cannot be read, is larger than 1 MiB, is not UTF-8, or has a line that is none of its
    ///   form; the error names the file and the line.
    package init(path: String) throws(ConfigurationError) {
        try self.init(path: path, text: Self.read(path))
    }

    /// - Parameters:
    ///   - path: its name in errors and origins.
    ///   - text: its contents.
    package init(path: String, text: String) throws(ConfigurationError) {
        self.path = path
        var number = 0
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            number += 1
            try add(Self.trim(line), number)
        }
    }

    private mutating func add(_ line: Substring, _ number: Int) throws(ConfigurationError) {
        if line.isEmpty || line.first == "#" { return }
        guard let equals = line.firstIndex(of: "=") else {
            throw ConfigurationError(
                "\(path), line \(number): \"\(TextEscaping.shown(line))\" is not of the form name = value")
        }
        let label = Self.trim(line[..<equals])
        let value = Self.trim(line[line.index(after: equals)...])
        guard let name = SettingName(rawValue: String(label)) else {
            let meant = NameSuggestion.nearest(to: String(label), among: SettingName.allCases.map(\.rawValue))
            let hint = meant.map { "; did you mean \($0)?" } ?? ""
            throw ConfigurationError(
                "\(path), line \(number): there is no setting \"\(TextEscaping.shown(label))\"\(hint)")
        }
        guard !value.isEmpty else {
            throw ConfigurationError("\(path), line \(number): \(label) has no value")
        }
        if let first = entries[name]?.first, !name.isList {
            throw ConfigurationError(
                "\(path), line \(number): \(label) was set in line \(first.line) already")
        }
        entries[name, default: []].append(Entry(value: String(value), line: number))
    }

    private static func trim(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    private static func read(_ path: String) throws(ConfigurationError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ConfigurationError("config: \(path): \(SystemError.last)")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while bytes.count <= sizeLimit {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw ConfigurationError("config: \(path): \(SystemError.last)") }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        guard bytes.count <= sizeLimit else {
            throw ConfigurationError("config: \(path) is larger than \(ByteSize(bytes: sizeLimit))")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationError("config: \(path) is not UTF-8 text")
        }
        return text
    }
}
