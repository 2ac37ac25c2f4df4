import Foundation
import MemodFixture
import Testing

@testable import MemoClient

/// Several processes that memoize, and programs in another language.
@Suite struct ProcessSystemTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    static let hasPython = ["/usr/bin", "/usr/local/bin"].contains {
        FileManager.default.isExecutableFile(atPath: $0 + "/python3")
    }

    private struct Program {
        let process = Process()
        let output = Pipe()

        init(
            _ fixture: SystemFixture, _ arguments: [String], environment: [String: String]? = nil
        ) throws {
            process.executableURL = URL(fileURLWithPath: try SystemFixture.program("MemoCaller"))
            process.arguments = arguments
            process.environment = environment ?? ["MEMOD_SOCKET": fixture.socket, "HOME": fixture.directory]
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = output
            try process.run()
        }

        /// What it printed, once it has ended well.
        func result() throws -> String {
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            try #require(process.terminationReason == .exit && process.terminationStatus == 0)
            return text
        }
    }

    @Test(arguments: [true, false]) func tenProcessesAtOnce(singleFlight: Bool) throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let (go, log) = (fixture.directory + "/go", fixture.directory + "/log")
        let programs = try (0..<10).map { _ in try Program(fixture, ["crowd", "\(singleFlight)", go, log]) }
        #expect(FileManager.default.createFile(atPath: go, contents: nil))
        for program in programs { #expect(try program.result() == "[0, 1, 4, 9, 16, 25, 36, 49]\n") }
        let computed = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
        let counts = Dictionary(grouping: computed, by: { $0 }).mapValues(\.count)
        #expect(counts.count == 8)
        #expect(counts.values.allSatisfy { singleFlight ? $0 == 1 : $0 <= 10 }, "\(counts)")
    }

    @Test func tenProcessesStartOneDaemon() throws {
        let fixture = try SystemFixture()
        let (go, log) = (fixture.directory + "/go", fixture.directory + "/log")
        let memod = URL(fileURLWithPath: try SystemFixture.program("memod")).deletingLastPathComponent().path
        let environment = ["HOME": fixture.directory, "XDG_RUNTIME_DIR": fixture.directory, "PATH": memod]
        #expect(FileManager.default.createFile(atPath: go, contents: nil))
        let programs = try (0..<10).map { _ in
            try Program(fixture, ["crowd", "true", go, log], environment: environment)
        }
        defer {
            let lock = try? String(
                contentsOfFile: fixture.directory + "/memod/memod.sock.lock", encoding: .utf8)
            if let pid = lock.flatMap({ pid_t($0.prefix { $0.isNumber }) }) { kill(pid, SIGKILL) }
        }
        for program in programs { #expect(try program.result() == "[0, 1, 4, 9, 16, 25, 36, 49]\n") }
        let computed = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
        #expect(computed.count == 8, "\(computed)")
        let said = try String(contentsOfFile: fixture.directory + "/.cache/memod/memod.log", encoding: .utf8)
        #expect(said.split(separator: "\n").count == 1 && said.contains(" ready "), "\(said)")
    }

    @Test func aStartedDaemonIsGivenAllSettings() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try SystemFixture.program("memod"))
        process.arguments = ["--help"]
        let help = try SystemFixture.run(process).text
        let options = help.split(separator: "\n").compactMap { line in
            line.split(separator: " ").first.flatMap { $0.hasPrefix("--") ? String($0.dropFirst(2)) : nil }
        }
        let names = Set(options).subtracting(["help", "version", "socket", "check"]).map { option in
            "MEMOD_" + String(option.map { $0 == "-" ? "_" : $0 }).uppercased()
        }
        #expect(names.count > 10 && Set(names).isSubset(of: StartPlan.settings))
    }

    @Test func nestedCallsOfTenProcesses() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let (go, log) = (fixture.directory + "/go", fixture.directory + "/log")
        let programs = try (0..<10).map { try Program(fixture, ["nested", "\($0)", go, log]) }
        #expect(FileManager.default.createFile(atPath: go, contents: nil))
        for (start, program) in programs.enumerated() {
            #expect(try program.result() == "\(start * (start + 1) / 2)\n")
        }
        let computed = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
        #expect(computed.count == 10 && Set(computed).count == 10, "\(computed)")
    }

    @Test func killingTheDaemonChangesNoResult() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let programs = try (0..<3).map { _ in try Program(fixture, ["steady", "1500"]) }
        for _ in 0..<6 where programs.contains(where: { $0.process.isRunning }) {
            usleep(.random(in: 20_000...250_000))
            fixture.killDaemon()
            usleep(.random(in: 0...50_000))
            try fixture.startDaemon()
        }
        for program in programs { #expect(try program.result() == "1500\n") }
    }

    @Test func hitsWithinProcessesAreReportedWhenTheyEnd() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        for _ in 0..<2 { #expect(try Program(fixture, ["steady", "300"]).result() == "300\n") }
        let info = try BlockingClient(path: fixture.socket).info("steady")
        #expect(info.hits + info.misses == 600)
    }

    private struct Measured: Codable, Sendable, Equatable {
        var name: String
        var numbers: [Double?]
        var nested: [String: Bool]
    }

    private func python(_ fixture: SystemFixture, _ body: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c",
            """
            import memod
            @memod.lru_cache(maxsize=None, name="both")
            def measure(text, number):
                print("computing")
                return {"name": text, "numbers": [number, 0.1, None], "nested": {"π": True}}
            \(body)
            """,
        ]
        process.environment = [
            "PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": fixture.directory, "MEMOD_SOCKET": fixture.socket,
            "MEMOD_TIMEOUT": "10m", "PYTHONPATH": Self.root.appending(path: "tools/python").path,
            "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1",
        ]
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return text
    }

    @Test(.enabled(if: hasPython)) func oneClientReadsWhatTheOtherWrote() async throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        #expect(try python(fixture, "measure('Ådne \"x\"', 7); measure('', 2.5)") == "computing\ncomputing\n")
        let memo = fixture.memo()
        let measure = memo.memoize("both", maxsize: nil) { (text: String, number: Double) async throws in
            Measured(name: text, numbers: [-number], nested: [:])
        }
        let expected = Measured(name: "Ådne \"x\"", numbers: [7, 0.1, nil], nested: ["π": true])
        #expect(try await measure("Ådne \"x\"", 7) == expected)
        #expect(try await measure("", 2.5).numbers == [2.5, 0.1, nil])
        #expect(measure.cacheInfo().misses == 0)
        #expect(try await measure("mine", 1e-7).numbers == [-1e-7])
        #expect(
            try python(fixture, "print(sorted(measure('mine', 1e-7).items()))")
                == "[('name', 'mine'), ('nested', {}), ('numbers', [-1e-07])]\n")
    }
}
