package import Foundation

/// A daemon of its own in a directory of its own, and commands run against it.
package final class SystemFixture {
    package struct Result {
        package let status: Int32
        package let output: String
        package let errors: String
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package let directory: String
    private var daemon: Process?
    private static let waitLimit: TimeInterval = 120

    /// The programs that were built, or those that the test run names.
    package static func program(_ name: String) throws -> String {
        let variable = name.uppercased() + "_BIN"
        if let path = ProcessInfo.processInfo.environment[variable] { return path }
        let tests = URL(
            fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        let path = tests.deletingLastPathComponent().appendingPathComponent(name).path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw Failure(description: "\(path) is not built")
        }
        return path
    }

    package init() throws {
        directory = FileManager.default.temporaryDirectory.path + "/memoctl-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit {
        daemon?.terminate()
        daemon?.waitUntilExit()
        try? FileManager.default.removeItem(atPath: directory)
    }

    package var socket: String { directory + "/memod.sock" }

    package func startDaemon() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Self.program("memod"))
        process.arguments = ["--socket", socket, "--database", directory + "/memod.db"]
        process.environment = ["HOME": directory, "PATH": "/usr/bin:/bin"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardError = pipe
        try process.run()
        daemon = process
        let log = pipe.fileHandleForReading
        var said = ""
        while !said.contains("ready") {
            let data = log.availableData
            guard !data.isEmpty else { throw Failure(description: "memod ended: \(said)") }
            said += String(decoding: data, as: UTF8.self)
        }
        // Read to the end, or a daemon that logs much would wait for its reader. By a thread: a readability
        // handler whose handle goes away meanwhile can crash the dispatch library.
        Thread.detachNewThread {
            while !log.availableData.isEmpty {}
        }
    }

    package func stopDaemon() throws {
        daemon?.terminate()
        daemon?.waitUntilExit()
        let status = daemon?.terminationStatus
        daemon = nil
        guard status == 0 else {
            throw Failure(description: "memod ended with \(status.map(String.init) ?? "nothing")")
        }
    }

    /// Ends the daemon as a crash does.
    package func killDaemon() {
        guard let daemon else { return }
        kill(daemon.processIdentifier, SIGKILL)
        daemon.waitUntilExit()
        self.daemon = nil
    }

    package func signalDaemon(_ signal: Int32) {
        if let daemon { kill(daemon.processIdentifier, signal) }
    }

    /// Has a shell run a script, which knows memoctl as `$0`.
    package func shell(_ script: String) throws -> Result {
        let (process, output, errors) = try start([])
        process.arguments = ["-c", script, try Self.program("memoctl")]
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        try process.run()
        return finish(process, output, errors)
    }

    /// Starts memoctl; `finish` waits for it.
    package func start(_ arguments: [String], environment: [String: String] = [:]) throws -> (
        Process, output: Pipe, errors: Pipe
    ) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Self.program("memoctl"))
        process.arguments = arguments
        process.environment = ["MEMOD_SOCKET": socket, "PATH": "/usr/bin:/bin", "HOME": directory]
            .merging(environment) { $1 }
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.standardInput = FileHandle.nullDevice
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        return (process, output, errors)
    }

    @discardableResult
    package func memoctl(_ arguments: String..., input: String? = nil, environment: [String: String] = [:])
        throws
        -> Result
    {
        try memoctl(arguments, input: input, environment: environment)
    }

    @discardableResult
    package func memoctl(_ arguments: [String], input: String? = nil, environment: [String: String] = [:])
        throws -> Result
    {
        let (process, output, errors) = try start(arguments, environment: environment)
        let feed = Pipe()
        if input != nil { process.standardInput = feed }
        try process.run()
        if let input {
            feed.fileHandleForWriting.write(Data(input.utf8))
            try feed.fileHandleForWriting.close()
        }
        return finish(process, output, errors)
    }

    /// Starts a program without input, and waits for its end.
    /// - Returns: its exit status, and what it wrote, errors included.
    package static func run(_ process: Process) throws -> (status: Int32, text: String) {
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    package func finish(_ process: Process, _ output: Pipe, _ errors: Pipe) -> Result {
        // Small outputs: neither pipe fills while the other is read.
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaints = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let status =
            process.terminationReason == .uncaughtSignal
            ? 128 + process.terminationStatus : process.terminationStatus
        return Result(status: status, output: text, errors: complaints)
    }

    /// Waits until something holds that another process brings about.
    package func wait(until holds: () throws -> Bool) throws {
        let end = Date(timeIntervalSinceNow: Self.waitLimit)
        while try !holds() {
            guard Date() < end else {
                throw Failure(description: "it did not happen within \(Self.waitLimit) s")
            }
            usleep(5000)
        }
    }
}
