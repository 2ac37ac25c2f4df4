import Foundation
import Platform
import Testing

@testable import MemoServer

/// The executable, from the outside.
struct MemodProcessTests {
    private let directory: TemporaryDirectory
    private var socketPath: String { directory.path + "/s" }

    init() throws {
        directory = try TemporaryDirectory()
    }

    private final class Daemon {
        let process = Process()
        private let errors = Pipe()
        private(set) var log = ""

        init(_ arguments: [String], environment: [String: String] = [:]) throws {
            // Beside the test bundle.
            process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
                .resolvingSymlinksInPath().deletingLastPathComponent().appendingPathComponent("memod")
            process.arguments = arguments
            var variables = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"]
            variables.merge(environment) { $1 }
            process.environment = variables
            process.standardError = errors
            process.standardOutput = errors
            try process.run()
        }

        deinit {
            if process.isRunning {
                process.terminate()
                process.waitUntilExit()
            }
        }

        /// Reads the log up to a line that has this text.
        func wait(for text: String) -> Bool {
            while !log.contains(text) {
                let data = errors.fileHandleForReading.availableData
                if data.isEmpty { return false }
                log += String(decoding: data, as: UTF8.self)
            }
            return true
        }

        func exitStatus() -> Int32 {
            while true {
                let data = errors.fileHandleForReading.availableData
                if data.isEmpty { break }
                log += String(decoding: data, as: UTF8.self)
            }
            process.waitUntilExit()
            return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
        }
    }

    private func start(_ more: [String] = [], environment: [String: String] = [:]) throws -> Daemon {
        try Daemon(
            ["--socket", socketPath, "--database", directory.path + "/db"] + more, environment: environment)
    }

    @Test func itSaysItsVersion() throws {
        let daemon = try Daemon(["--version"])
        #expect(daemon.exitStatus() == 0)
        #expect(daemon.log == "memod 0.1.0\n")
    }

    @Test(arguments: [
        (["--hot-bytes", "12XB"], "--hot-bytes"), (["--flush-interval", "5"], "--flush-interval"),
        (["--no-such-option"], "--no-such-option"),
        (["--config", "/nowhere/memod.conf"], "/nowhere/memod.conf"),
        (["--isolation", "group"], "--isolation"), (["--socket", ""], "option --socket"),
        (["--hot-bytes", "-1"], "\"-1\" is not a size"),
        (["--flush-interval", "-5s"], "\"-5s\" is not a duration"),
    ])
    func usageErrorsNameWhatIsWrong(_ arguments: [String], _ named: String) throws {
        let daemon = try start(arguments)
        #expect(daemon.exitStatus() == 64)
        #expect(daemon.log.contains(named))
        #expect(!FileManager.default.fileExists(atPath: socketPath))
    }

    @Test func itWarnsOfAVariableThatMeansNothing() throws {
        let daemon = try start(environment: ["MEMOD_HOT_BITES": "1GiB"])
        #expect(daemon.wait(for: "ready"))
        #expect(daemon.log.contains("variable=MEMOD_HOT_BITES"))
        #expect(daemon.log.contains("meant=MEMOD_HOT_BYTES"))
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func itDrainsAndRemovesItsSocket(_ signal: Int32) throws {
        let daemon = try start()
        #expect(daemon.wait(for: "ready"))
        let client = try #require(TestClient(path: socketPath))
        client.send(String(repeating: "{\"op\":\"ping\"}\n", count: 100))
        kill(daemon.process.processIdentifier, signal)
        #expect(client.rest() == String(repeating: "{\"ok\":true}\n", count: 100))
        #expect(daemon.exitStatus() == 0)
        #expect(!FileManager.default.fileExists(atPath: socketPath))
    }

    @Test func aSecondOneNamesTheFirst() throws {
        let first = try start()
        #expect(first.wait(for: "ready"))
        let second = try start()
        #expect(second.exitStatus() == 1)
        #expect(second.log.contains("process \(first.process.processIdentifier)"))
        #expect(TestClient(path: socketPath) != nil)
    }

    @Test func theSocketOfOneThatWasKilledIsReplaced() throws {
        let first = try start()
        #expect(first.wait(for: "ready"))
        kill(first.process.processIdentifier, SIGKILL)
        #expect(first.exitStatus() == -SIGKILL)
        #expect(FileManager.default.fileExists(atPath: socketPath))
        let second = try start()
        #expect(second.wait(for: "ready"))
        #expect(TestClient(path: socketPath) != nil)
    }

    @Test func reloadingSaysWhatChangedAndKeepsTheOldOnErrors() throws {
        let file = directory.path + "/memod.conf"
        try "max-connections = 5\n".write(toFile: file, atomically: true, encoding: .utf8)
        let daemon = try start(["--config", file])
        #expect(daemon.wait(for: "ready"))
        let process = daemon.process.processIdentifier
        try "max-connections = 1\ndurability = full\n".write(toFile: file, atomically: true, encoding: .utf8)
        kill(process, SIGHUP)
        #expect(daemon.wait(for: "reloaded max-connections=1"))
        #expect(daemon.wait(for: "takes effect at the next start durability=full"))
        try "max-connections = none\n".write(toFile: file, atomically: true, encoding: .utf8)
        kill(process, SIGHUP)
        #expect(daemon.wait(for: "not reloaded: max-connections: \"none\""))
        let first = try #require(TestClient(path: socketPath))
        first.send("{\"op\":\"ping\"}\n")
        #expect(first.line() == "{\"ok\":true}")
        #expect(TestClient(path: socketPath)?.rest()?.contains("too_many_connections") == true)
    }

    @Test func theServiceManagerIsKeptInformed() throws {
        let manager = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(manager) }
        let path = directory.path + "/notify"
        let address = try UnixSocketAddress(path: path)
        #expect(address.withSockaddr { bind(manager, $0, $1) } == 0)
        var time = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(manager, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        func next(_ expected: String) -> Bool {
            while true {
                var text = [UInt8](repeating: 0, count: 512)
                let count = recv(manager, &text, text.count, 0)
                if count <= 0 { return false }
                if String(decoding: text[..<count], as: UTF8.self).contains(expected) { return true }
            }
        }
        let daemon = try start(environment: ["NOTIFY_SOCKET": path, "WATCHDOG_USEC": "20000"])
        #expect(next("READY=1"))
        for _ in 0..<3 { #expect(next("WATCHDOG=1")) }
        kill(daemon.process.processIdentifier, SIGHUP)
        #expect(next("RELOADING=1\nMONOTONIC_USEC="))
        #expect(next("READY=1"))
        for _ in 0..<3 { #expect(next("WATCHDOG=1")) }
        daemon.process.terminate()
        #expect(next("STOPPING=1"))
        #expect(daemon.exitStatus() == 0)
    }

    @Test func withoutDescriptorsItServesOnAndRecovers() throws {
        let limited = Process()
        limited.executableURL = URL(fileURLWithPath: "/bin/sh")
        let binary = URL(fileURLWithPath: CommandLine.arguments[0])
            .resolvingSymlinksInPath().deletingLastPathComponent().appendingPathComponent("memod").path
        limited.arguments = [
            "-c", "ulimit -n 40; exec \"$0\" \"$@\"", binary, "--socket", socketPath, "--database",
            directory.path + "/db",
        ]
        let errors = Pipe()
        limited.standardError = errors
        limited.standardOutput = errors
        try limited.run()
        defer {
            limited.terminate()
            limited.waitUntilExit()
        }
        var log = ""
        while !log.contains("ready") {
            let data = errors.fileHandleForReading.availableData
            try #require(!data.isEmpty)
            log += String(decoding: data, as: UTF8.self)
        }
        var clients = try (0..<60).map { _ in try #require(TestClient(path: socketPath)) }
        clients[0].send("{\"op\":\"ping\"}\n")
        #expect(clients[0].line() == "{\"ok\":true}")
        clients.last?.send("{\"op\":\"ping\"}\n")
        clients.removeFirst(40)
        #expect(clients.last?.line() == "{\"ok\":true}")
    }
}
