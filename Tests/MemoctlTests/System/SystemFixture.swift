import Foundation
import Testing

/// A daemon of its own in a directory of its own, and commands run against it.
final class SystemFixture {
    struct Result {
        let status: Int32
        let output: String
        let errors: String
    }

    let directory: String
    private var daemon: Process?
    private static let waitLimit: TimeInterval = 20

    /// The programs that were built, or those that the test run names.
    static func program(_ name: String) throws -> String {
        let variable = name.uppercased() + "_BIN"
        if let path = ProcessInfo.processInfo.environment[variable] { return path }
        let tests = URL(
            fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        let path = tests.deletingLastPathComponent().appendingPathComponent(name).path
        try #require(FileManager.default.isExecutableFile(atPath: path), "\(path) is not built")
        return path
    }

    init() throws {
        directory = FileManager.default.temporaryDirectory.path + "/memoctl-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    }

    deinit {
        daemon?.terminate()
        daemon?.waitUntilExit()
        try? FileManager.default.removeItem(atPath: directory)
    }

    var socket: String { directory + "/memod.sock" }

    func startDaemon() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Self.program("memod"))
        process.arguments = ["--socket", socket, "--database", directory + "/memod.db"]
        process.environment = ["HOME": directory, "PATH": "/usr/bin:/bin"]
        process.standardInput = FileHandle.nullDevice
        let log = Pipe()
        process.standardError = log
        try process.run()
        daemon = process
        var said = ""
        while !said.contains("ready") {
            let data = log.fileHandleForReading.availableData
            try #require(!data.isEmpty, "memod ended: \(said)")
            said += String(decoding: data, as: UTF8.self)
        }
        // Read to the end, or a daemon that logs much would wait for its reader.
        log.fileHandleForReading.readabilityHandler = { handle in
            if handle.availableData.isEmpty { handle.readabilityHandler = nil }
        }
    }

    func stopDaemon() throws {
        daemon?.terminate()
        daemon?.waitUntilExit()
        #expect(daemon?.terminationStatus == 0)
        daemon = nil
    }

    /// Starts memoctl; `finish` waits for it.
    func start(_ arguments: [String], environment: [String: String] = [:]) throws -> (
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
    func memoctl(_ arguments: String..., input: String? = nil, environment: [String: String] = [:]) throws
        -> Result
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

    func finish(_ process: Process, _ output: Pipe, _ errors: Pipe) -> Result {
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
    func wait(until holds: () throws -> Bool) throws {
        let end = Date(timeIntervalSinceNow: Self.waitLimit)
        while try !holds() {
            try #require(Date() < end, "it did not happen within \(Self.waitLimit) s")
            usleep(5000)
        }
    }
}
