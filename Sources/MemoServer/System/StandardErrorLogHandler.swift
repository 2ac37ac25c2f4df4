internal import Glibc
package import Logging
internal import Platform
internal import Synchronization

/// Writes log lines to standard error with a time; where standard error is the journal, sends it entries with
/// priorities and fields instead. One line a message, whatever is in it.
package struct StandardErrorLogHandler: LogHandler {
    /// The level, shared by all handlers made with it, so that it can change while the daemon runs.
    package final class Threshold: Sendable {
        private let rank: Atomic<Int>

        package init(_ level: Logger.Level) {
            rank = Atomic(Self.rank(level))
        }

        package var level: Logger.Level {
            get { Logger.Level.allCases[rank.load(ordering: .relaxed)] }
            set { rank.store(Self.rank(newValue), ordering: .relaxed) }
        }

        private static func rank(_ level: Logger.Level) -> Int {
            Logger.Level.allCases.firstIndex(of: level) ?? 0
        }
    }

    package var metadata: Logger.Metadata = [:]
    private let threshold: Threshold
    private let isJournal: Bool
    private let journal: JournalSocket?
    private let file: LogFile?

    package var logLevel: Logger.Level {
        get { threshold.level }
        set { threshold.level = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// - Parameter journalStream: `JOURNAL_STREAM` of the environment: device and inode of the stream that leads
    ///   to the journal.
    /// - Parameter isBounded: whether the log, if it is a file, is kept short here.
    package init(threshold: Threshold, journalStream: String?, isBounded: Bool = false) {
        self.threshold = threshold
        var status = stat()
        isJournal =
            journalStream != nil && fstat(STDERR_FILENO, &status) == 0
            && journalStream == "\(status.st_dev):\(status.st_ino)"
        journal = isJournal ? JournalSocket() : nil
        file = isBounded ? LogFile() : nil
    }

    package func log(event: LogEvent) {
        let details = metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted {
            $0.key < $1.key
        }
        var text = Self.escape(event.message.description)
        for (key, value) in details { text += " \(Self.escape(key))=\(Self.escape(value.description))" }
        if let journal {
            let fields =
                [
                    ("PRIORITY", "\(Self.priority(event.level))"), ("SYSLOG_IDENTIFIER", "memod"),
                    ("MESSAGE", text),
                ] + details.map { (JournalSocket.fieldName($0.key), $0.value.description) }
            if journal.send(fields) { return }
        }
        var line = isJournal ? "<\(Self.priority(event.level))>" : "\(Self.time()) \(event.level.rawValue): "
        line += text
        line += "\n"
        line.withUTF8 {
            if let file { file.write($0) } else { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
        }
    }

    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug, .trace: 7
        }
    }

    private static func time() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%S", &parts)
        let milliseconds = String(1000 + now.tv_nsec / 1_000_000).dropFirst()
        return String(decoding: text[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
            + ".\(milliseconds)Z"
    }

    private static func escape(_ text: String) -> String {
        TextEscaping.printable(text)
    }
}
