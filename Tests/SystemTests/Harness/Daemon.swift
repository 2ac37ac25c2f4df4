import Foundation

/// The real binary, running in a `Home` of its own.
final class Daemon {
    let home: Home
    let process: ChildProcess
    /// Seconds from its start until it said that it is ready.
    private(set) var startSeconds: Double = 0

    /// Starts a daemon and waits until it is ready.
    ///
    /// - Parameters:
    ///   - options: besides those that say where it lives.
    ///   - wrapper: a program and its arguments that runs the daemon in its own place, such as `prlimit`.
    ///   - waits: whether to wait for `ready`.
    /// - Throws: if it ends instead, with what it wrote.
    init(
        _ home: Home? = nil, _ options: [String] = [], environment: [String: String] = [:],
        wrapper: [String] = [],
        faults: FaultControl? = nil, waits: Bool = true
    ) throws {
        self.home = try home ?? Home()
        let started = Moment.now
        process = try ChildProcess(
            wrapper + [Self.binary, "--socket", self.home.socket, "--database", self.home.database] + options,
            environment: environment.merging(faults?.environment ?? [:]) { $1 })
        guard waits else { return }
        guard process.logs(" ready ") else {
            throw HarnessError("memod is not ready; it wrote:\n\(process.log)")
        }
        startSeconds = started.age
    }

    /// `MEMOD_BIN`, or the binary that was built beside these tests.
    static let binary: String = {
        if let path = ProcessInfo.processInfo.environment["MEMOD_BIN"], !path.isEmpty { return path }
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent()
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let places = [tests.appending(path: "memod"), package.appending(path: ".build/debug/memod")]
        return places.map(\.path).first { FileManager.default.isExecutableFile(atPath: $0) } ?? "memod"
    }()

    /// Whether the binary was built for release.
    static let isOptimized = URL(fileURLWithPath: binary).resolvingSymlinksInPath().path.contains("release")

    func connect() throws -> Peer { try Peer(home.socket) }

    /// SIGTERM, and waits for the end.
    @discardableResult
    func stop(within seconds: Double = 20) throws -> ExitStatus {
        process.signal(SIGTERM)
        return try process.wait(within: seconds)
    }

    /// SIGKILL, and waits for the end.
    func kill() throws {
        process.signal(SIGKILL)
        _ = try process.wait()
    }

    /// A line of `/proc/PID/status` in kB, such as `VmRSS`.
    func memoryKB(_ field: String = "VmRSS") throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)
        for line in status.split(separator: "\n") where line.hasPrefix("\(field):") {
            if let number = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap(
                { Int($0) })
            {
                return number
            }
        }
        throw HarnessError("no \(field) in /proc/\(process.pid)/status")
    }

    /// Descriptors that it has open.
    func descriptorCount() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.pid)/fd").count
    }

    /// Processor time that it has taken, in seconds.
    func processorSeconds() throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(process.pid)/stat", encoding: .utf8)
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
            throw HarnessError("/proc/\(process.pid)/stat cannot be read")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
