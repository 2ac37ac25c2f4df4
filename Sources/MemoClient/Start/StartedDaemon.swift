internal import CLinux
internal import Glibc

/// A daemon that was started just now, and what it writes to its log.
struct StartedDaemon {
    private let process: DaemonProcess?
    private let log: String
    /// Where its part of the log begins.
    private let offset: Int
    private let failure: String?

    private static let logBytesMax = 1 << 20
    /// What the daemon may still write until it looks after its log itself.
    private static let logBytesReserve = 64 << 10
    private static let lastWordsMax = 300

    init(_ plan: StartPlan) throws(MemoError) {
        log = plan.log
        let log = try Self.openLog(plan.log)
        defer { close(log) }
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        var status = stat()
        offset = fstat(log, &status) == 0 ? Int(status.st_size) : 0
        let result = Self.start([plan.program] + plan.arguments, plan.environment, null: null, log: log)
        process = result > 0 ? DaemonProcess(pid: pid_t(result)) : nil
        failure =
            result > 0
            ? nil : "\(plan.program): \(SystemCallError("execve", number: Int32(-result)).reason)"
    }

    /// Runs a command that ends soon, whose output goes to a descriptor. `nil` if it cannot be run.
    static func run(_ command: [String], output: Int32) -> DaemonProcess? {
        let result = start(command, [], null: output, log: output)
        return result > 0 ? DaemonProcess(pid: pid_t(result)) : nil
    }

    private static func start(_ command: [String], _ environment: [String], null: Int32, log: Int32) -> Int {
        var words = command.map { strdup($0) }
        var variables = environment.map { strdup($0) }
        defer { for text in words + variables { free(text) } }
        words.append(nil)
        variables.append(nil)
        var result = 0
        memod_start_detached(words[0], words, variables, null, log, &result)
        return result
    }

    var hasEnded: Bool { !(process?.isAlive ?? false) }

    private var lines: [Substring] {
        SmallFile.read(log, from: offset, limit: Self.logBytesReserve)?.split(separator: "\n") ?? []
    }

    /// Why it ended, as far as it said.
    var lastWords: String {
        if let failure { return failure }
        let lines = lines
        let said = lines.last { $0.hasPrefix("memod: ") || $0.hasPrefix("Error: ") } ?? lines.last
        guard var words = said else { return "it ended at once and said nothing" }
        for prefix in ["memod: ", "Error: "] where words.hasPrefix(prefix) {
            words = words.dropFirst(prefix.count)
        }
        // A line of the log begins with time and level.
        let parts = words.split(separator: " ", maxSplits: 2)
        if parts.count == 3, parts[0].hasSuffix("Z"), parts[1].hasSuffix(":") { words = parts[2] }
        return String(words.prefix(Self.lastWordsMax).map { $0.isASCII && $0 < " " ? "?" : $0 })
    }

    /// What it says of where it keeps its data, if that is not the usual place.
    var notices: [String] {
        let mark = " notice: the database is kept "
        return lines.filter { $0.contains(mark) }.map { line in
            String(line.split(separator: " ", maxSplits: 2).last ?? line)
        }
    }

    /// The log for appending, no longer than it may be; one older is kept.
    private static func openLog(_ path: String) throws(MemoError) -> Int32 {
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        var log = open(path, flags, 0o600)
        guard log >= 0 else {
            throw StartPlan.refusal(
                "memod was not started: \(path): \(SystemCallError("open", number: errno).reason)")
        }
        var status = stat()
        guard fstat(log, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == getuid() else {
            close(log)
            throw StartPlan.refusal("memod was not started: \(path) is no file of this user")
        }
        if Int(status.st_size) > logBytesMax - logBytesReserve {
            close(log)
            _ = rename(path, path + ".1")
            log = open(path, flags | O_EXCL, 0o600)
            guard log >= 0 else {
                throw StartPlan.refusal(
                    "memod was not started: \(path): \(SystemCallError("open", number: errno).reason)")
            }
        }
        return log
    }
}
