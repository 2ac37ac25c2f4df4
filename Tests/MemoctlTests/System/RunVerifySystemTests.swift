import Foundation
import MemodFixture
import Testing

/// `memoctl run --verify`: hits that run the command again.
@Suite struct RunVerifySystemTests {
    /// Prints what a file says at the time, which is no part of its key.
    private let script = "echo x >>runs; cat says; cat complains >&2"

    private func makeFixture() throws -> SystemFixture {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        try say("one\ntwo\n", fixture)
        try "".write(toFile: fixture.directory + "/complains", atomically: true, encoding: .utf8)
        return fixture
    }

    private func say(_ text: String, _ fixture: SystemFixture) throws {
        try text.write(toFile: fixture.directory + "/says", atomically: true, encoding: .utf8)
    }

    private func runs(_ fixture: SystemFixture) -> Int {
        (try? String(contentsOfFile: fixture.directory + "/runs", encoding: .utf8))?.count { $0 == "x" } ?? 0
    }

    private func run(
        _ fixture: SystemFixture, _ options: String..., script: String? = nil,
        environment: [String: String] = [:]
    ) throws -> SystemFixture.Result {
        try fixture.memoctl(
            ["run"] + options + ["--", "sh", "-c", script ?? self.script], environment: environment)
    }

    private func counted(_ fixture: SystemFixture) throws -> String? {
        try fixture.memoctl("stats", "run:sh").output.split(separator: "\n").first {
            $0.hasPrefix("verified")
        }.map { String($0.drop { $0 != " " }.drop { $0 == " " }) }
    }

    @Test func whatStaysTheSameIsCounted() throws {
        let fixture = try makeFixture()
        #expect(try run(fixture, "--verify", "1").output == "one\ntwo\n")
        // A miss is not verified.
        #expect(try counted(fixture) == nil)
        for share in ["1", "first", "1.0"] {
            let result = try run(fixture, "--verify", share)
            #expect(result.output == "one\ntwo\n" && result.status == 0 && result.errors.isEmpty)
        }
        #expect(runs(fixture) == 4)
        #expect(try run(fixture, "--verify", "0").output == "one\ntwo\n")
        #expect(try run(fixture).output == "one\ntwo\n")
        #expect(runs(fixture) == 4)
        #expect(try counted(fixture) == "3, of which 0 differed")
    }

    @Test func whatDiffersIsSaidAndReplaced() throws {
        let fixture = try makeFixture()
        _ = try run(fixture)
        try say("one\nthree\n", fixture)
        #expect(try run(fixture).output == "one\ntwo\n")
        let result = try run(fixture, environment: ["MEMOD_VERIFY": "first"])
        #expect(result.output == "one\nthree\n")
        #expect(
            result.errors.contains(
                "gave \"three\" at line 2 of its output, but \"two\" at line 2 of its output was kept"))
        #expect(result.errors.hasPrefix("memoctl: run:sh: sh -c echo x >>runs"))
        #expect(try run(fixture).output == "one\nthree\n")
        #expect(try counted(fixture) == "1, of which 1 differed")
        let listed = try fixture.memoctl("stats", "run:sh", "--mismatches").output
        #expect(listed.contains("  kept      \"two\" at line 2 of its output\n"))
        #expect(listed.contains("  computed  \"three\" at line 2 of its output\n"))
    }

    @Test func theStatusCountsToo() throws {
        let fixture = try makeFixture()
        let script = "exit $(cat says)"
        try say("3", fixture)
        #expect(try run(fixture, "--keep-failures", script: script).status == 3)
        try say("4", fixture)
        let result = try run(fixture, "--keep-failures", "--verify", "1", script: script)
        #expect(result.status == 4)
        #expect(result.errors.contains("gave exit status 4, but exit status 3 was kept"))
        #expect(try run(fixture, "--keep-failures", script: script).status == 4)
    }

    @Test func aFailureChangesNothing() throws {
        let fixture = try makeFixture()
        let script = "test ! -e fail || exit 5; cat says"
        _ = try run(fixture, script: script)
        try "".write(toFile: fixture.directory + "/fail", atomically: true, encoding: .utf8)
        let result = try run(fixture, "--verify", "1", script: script)
        #expect(result.status == 5)
        #expect(
            result.errors == "memoctl: run:sh could not be verified: the command failed; what is kept stays\n"
        )
        #expect(try run(fixture, script: script).output == "one\ntwo\n")
        #expect(try counted(fixture) == nil)
    }

    @Test func theOrderOfTheTwoStreamsIsChance() throws {
        let fixture = try makeFixture()
        try "oops\n".write(toFile: fixture.directory + "/complains", atomically: true, encoding: .utf8)
        let other = "cat says >&2; cat complains"
        _ = try run(fixture)
        _ = try run(fixture, script: other)
        for _ in 0..<3 {
            #expect(try run(fixture, "--verify", "1").errors == "oops\n")
            #expect(try run(fixture, "--verify", "1", script: other).errors == "one\ntwo\n")
        }
        #expect(try counted(fixture) == "6, of which 0 differed")
    }

    @Test func aShareThatMakesNoSenseIsSaid() throws {
        let fixture = try makeFixture()
        for share in ["2", "-1", "all", ""] {
            let result = try run(fixture, "--verify", share)
            #expect(result.status == 64, "\(share)")
        }
        let result = try run(fixture, environment: ["MEMOD_VERIFY": "often"])
        #expect(result.output == "one\ntwo\n" && result.errors.isEmpty)
        let again = try run(fixture, environment: ["MEMOD_VERIFY": "often"])
        #expect(again.errors.contains("MEMOD_VERIFY is \"often\""))
        #expect(again.output == "one\ntwo\n")
        #expect(runs(fixture) == 1)
    }
}
