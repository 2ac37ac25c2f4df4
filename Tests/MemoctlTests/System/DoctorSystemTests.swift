import Foundation
import MemodFixture
import Testing

@Suite struct DoctorSystemTests {
    private func findings(_ text: String) throws -> [[String: String]] {
        try text.split(separator: "\n").map { line in
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return object.compactMapValues { $0 as? String }
        }
    }

    @Test func ofAHealthyDaemonItShowsEverything() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        try fixture.memoctl("put", "f", "1", "1")
        try fixture.wait { try fixture.memoctl("doctor").output.contains("database: its check ended ") }
        let result = try fixture.memoctl("doctor", "--json")
        #expect(result.status == 0)
        let findings = try findings(result.output)
        #expect(findings.allSatisfy { ["ok", "note"].contains($0["severity"]) && $0["advice"] == nil })
        for subject in ["socket", "connection", "version", "disk", "database", "setting", "commit"] {
            #expect(findings.contains { $0["subject"] == subject }, "\(subject)")
        }
        let settings = findings.filter { $0["subject"] == "setting" }.compactMap { $0["text"] }
        #expect(settings.contains("database = \(fixture.directory)/memod.db (option --database)"))
        #expect(settings.contains("hot-bytes = 256MiB (default)"))
    }

    @Test func aDatabaseThatWasMovedAsideIsShown() throws {
        let fixture = try SystemFixture()
        try "no database".write(
            toFile: fixture.directory + "/memod.db", atomically: true, encoding: .utf8)
        try fixture.startDaemon()
        let result = try fixture.memoctl("doctor", "--json")
        #expect(result.status == 0)
        let found = try findings(result.output).filter { $0["severity"] == "warning" }
        #expect(found.count == 1)
        let text = try #require(found.first?["text"])
        #expect(text.contains(fixture.directory + "/memod.db.corrupt-"), "\(text)")
        #expect(text.hasSuffix("Z-1 (11 B)") && text.contains(" UTC, "), "\(text)")
        #expect(found.first?["advice"]?.contains("may be deleted") == true)
    }

    @Test(arguments: ["doctor", "ping"]) func aDaemonThatHangsIsNotWaitedForLong(command: String) throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        fixture.signalDaemon(SIGSTOP)
        defer { fixture.signalDaemon(SIGCONT) }
        let start = ContinuousClock.now
        let result = try fixture.memoctl(command)
        #expect(result.status == 1)
        #expect((result.output + result.errors).contains("no answer in time"))
        // The limit itself is 3 s; 30 s it is for others.
        #expect(ContinuousClock.now - start < .seconds(20))
        #expect(try fixture.memoctl(command, "--timeout", "50ms").status == 1)
    }

    @Test func whatIsWrongComesWithAdvice() throws {
        let fixture = try SystemFixture()
        let nothing = try fixture.memoctl("doctor", "--json")
        #expect(nothing.status == 1)
        var wrong = try findings(nothing.output).filter { $0["severity"] == "wrong" }
        #expect(wrong.last?["subject"] == "connection")
        #expect(wrong.last?["advice"]?.contains("start one") == true)

        try "".write(toFile: fixture.socket, atomically: true, encoding: .utf8)
        let file = try fixture.memoctl("doctor", "--json")
        #expect(file.status == 1)
        wrong = try findings(file.output).filter { $0["severity"] == "wrong" }
        #expect(wrong.first?["text"]?.hasSuffix("is not a socket") == true)
        #expect(wrong.first?["advice"] != nil)
    }
}
