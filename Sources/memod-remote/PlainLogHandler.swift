internal import Glibc
internal import Logging
internal import Platform

/// Log lines on standard error, one a message, whatever is in it.
struct PlainLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let details = metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted {
            $0.key < $1.key
        }
        var line = "memod-remote: \(event.level): \(event.message)"
        for (name, value) in details where "\(value)" != "" { line += " \(name)=\"\(value)\"" }
        line = TextEscaping.printable(line) + "\n"
        _ = write(STDERR_FILENO, line, line.utf8.count)
    }
}
