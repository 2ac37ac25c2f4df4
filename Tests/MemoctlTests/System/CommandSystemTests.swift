import Foundation
import MemoClient
import MemodFixture
import Testing

@Suite struct CommandSystemTests {
    @Test func withoutADaemonItSaysWhereItLooked() throws {
        let fixture = try SystemFixture()
        for command in [["ping"], ["get", "f", "1"], ["stats"], ["clear", "f"], ["monitor"]] {
            let (process, output, errors) = try fixture.start(command)
            try process.run()
            let result = fixture.finish(process, output, errors)
            #expect(result.status == 1)
            #expect(result.output.isEmpty)
            #expect(result.errors.split(separator: "\n").count == 1)
            #expect(result.errors.contains(fixture.socket) && result.errors.contains("start one with"))
        }
    }

    @Test func aClosedStandardOutputIsNoSocket() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        try fixture.memoctl("define", "f", "--maxsize", "3")
        for command in ["ping", "stats", "functions", "export -", "keys f --all"] {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            let memoctl = try SystemFixture.program("memoctl")
            process.arguments = ["-c", "'\(memoctl)' --socket '\(fixture.socket)' \(command) 2>&1 >&-"]
            let (status, text) = try SystemFixture.run(process)
            #expect(status == (command.hasPrefix("keys") ? 0 : 1), "\(command): \(text)")
            if status != 0 { #expect(text.contains("standard output cannot be written"), "\(command)") }
        }
    }

    @Test func valuesComeBackByteForByte() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        #expect(try fixture.memoctl("get", "f", "-1").status == 2)
        for value in ["-1", #""\u001b[31m é""#, "[1, 2.50]", #"{"b":1,"a":1e400}"#] {
            #expect(try fixture.memoctl("put", "f", "-1", value).status == 0)
            let found = try fixture.memoctl("get", "f", "-1")
            #expect(found.status == 0)
            #expect(found.output == value + "\n")
        }
        #expect(try fixture.memoctl("put", "f", "1", "-", input: "{\"a\":\n1}\n").status == 0)
        #expect(try fixture.memoctl("get", "f", "1.0").output == "{\"a\": 1}\n")
        #expect(try fixture.memoctl("put", "f", "1", "2", "--if-absent").status == 2)
        // A tag that is a number is no option either.
        #expect(try fixture.memoctl("put", "g", "1", "2", "--tag", "-1").status == 0)
        #expect(try fixture.memoctl("clear", "--tag=-1").output == "cleared 1\n")
        #expect(try fixture.memoctl("delete", "f", "1").output == "deleted 1\n")
        #expect(try fixture.memoctl("get", "f", "1").output.isEmpty)
        #expect(try fixture.memoctl("why", "f", "1").output.hasSuffix(" ago by a delete\n"))
        let present = try fixture.memoctl("why", "f", "-1").output
        #expect(
            present.hasPrefix("present in memory: ") && present.hasSuffix(", used once, fresh for ever\n"))
        #expect(try fixture.memoctl("why", "f", "7").output.hasPrefix("unknown: "))
    }

    @Test(arguments: [["get", "f", "1"], ["touch", "f", "1", "--ttl", "1s"]])
    func nothingFoundIsAStatusToo(arguments: [String]) throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        for arguments in [arguments, arguments + ["--json"]] {
            let (process, output, errors) = try fixture.start(arguments)
            try process.run()
            #expect(fixture.finish(process, output, errors).status == 2, "\(arguments)")
        }
    }

    @Test(arguments: [
        ["get", "f", "hello"], ["put", "f", "1", "hello"], ["get", "f"], ["get", "f", "1", "2"], ["nonsense"],
        ["clear"], ["clear", "f", "--all"], ["put", "f", "1", "2", "--ttl", "5"], ["stats", "--sort", "x"],
        ["run", "true"], ["keys", "f", "--limit", "0"], ["stats", "--limit", "0"], ["get", "f", "[1,]"],
        ["get", "f", "1", "--tll"],
        ["help", "nonsense"], ["run", "--env", "LANG=C", "--", "true"], ["put", "", "1", "2"], ["clear", ""],
        ["put", "f", "1", "2", "--tag", ""], ["clear", "--tag", ""], ["run", "--tag", "", "--", "true"],
    ])
    func wrongUsage(arguments: [String]) throws {
        let fixture = try SystemFixture()
        let (process, output, errors) = try fixture.start(arguments)
        try process.run()
        let result = fixture.finish(process, output, errors)
        #expect(result.status == 64)
        #expect(result.output.isEmpty)
        #expect(!result.errors.isEmpty)
    }

    @Test(arguments: [
        (["stat"], "did you mean stats?"), (["help", "improt"], "did you mean import?"),
        (["--socket"], "a value is missing behind --socket"),
        (["put", "f", "1", "2", "--ttl", "-5s"], "'-5s' is invalid for '--ttl"),
        (["run", "--ttl", "-5s", "--", "true"], "'-5s' is invalid for '--ttl"),
    ])
    func wrongUsageIsExplained(arguments: [String], said: String) throws {
        let fixture = try SystemFixture()
        let (process, output, errors) = try fixture.start(arguments)
        try process.run()
        let result = fixture.finish(process, output, errors)
        #expect(result.status == 64)
        #expect(result.errors.contains(said), "\(result.errors)")
    }

    @Test func theSocketMayBeNamedBeforeOrBehindTheCommand() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let nowhere = ["MEMOD_SOCKET": "/nonexistent"]
        #expect(try fixture.memoctl("--socket", fixture.socket, "ping", environment: nowhere).status == 0)
        #expect(try fixture.memoctl("ping", "--socket", fixture.socket, environment: nowhere).status == 0)
        #expect(try fixture.memoctl("ping", environment: nowhere).status == 1)
    }

    @Test func aStringThatIsNotQuotedIsExplained() throws {
        let result = try SystemFixture().memoctl("get", "f", "hello")
        #expect(result.errors.contains(#"'"hello"'"#))
    }

    @Test func statsAsPythonPrintsThem() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        try fixture.memoctl("define", "f", "--maxsize", "512")
        try fixture.memoctl("get", "f", "1")
        try fixture.memoctl("put", "f", "1", "2")
        try fixture.memoctl("get", "f", "1")
        try fixture.memoctl("report", "f", "949", "--saved", "9500ms")
        let summary = try fixture.memoctl("stats", "f").output
        #expect(summary.hasPrefix("CacheInfo(hits=950, misses=1, maxsize=512, currsize=1)\n"))
        try fixture.memoctl("define", "other", "--typed")
        #expect(try fixture.memoctl("info", "other").output.contains("maxsize=None"))
        try fixture.memoctl("forget", "other")
        let table = try fixture.memoctl("stats").output.split(separator: "\n").map {
            $0.split(separator: " ")
        }
        let row = try #require(table.first { $0.first == "f" })
        #expect(row[1...5].elementsEqual(["950", "1", "99.9%", "1", "512"]))
        let json = try fixture.memoctl("stats", "--json").output
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        #expect(object["hits"] as? Int == 950)
        #expect((object["functions"] as? [[String: Any]])?.first?["fn"] as? String == "f")
        // Foundation takes a member that is there twice; strict parsers do not.
        let names = try Reply(parsing: Array(json.utf8)).names
        #expect(Set(names).count == names.count, "\(names)")
        #expect(object["function_count"] as? Int == 1)
        let metrics = try fixture.memoctl("stats", "--prometheus").output
        #expect(metrics.contains("\nmemod_hits_total{fn=\"f\"} 950\n"))
        #expect(metrics.hasSuffix("\n# EOF\n"))
    }

    @Test func listingsGoOnWhereTheyStopped() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        for key in 0..<7 { try fixture.memoctl("put", "f", "\(key)", "0") }
        var seen: [Substring] = []
        var after: [String] = []
        for _ in 0..<4 {
            let (process, output, errors) = try fixture.start(["keys", "f", "--limit", "2"] + after)
            try process.run()
            let page = fixture.finish(process, output, errors)
            seen += page.output.split(separator: "\n").dropFirst().compactMap {
                $0.split(separator: " ").first
            }
            guard let quoted = page.errors.split(separator: " ").last else { break }
            after = ["--after", quoted.trimmingCharacters(in: ["'", "\n"])]
        }
        #expect(seen.sorted() == ["0", "1", "2", "3", "4", "5", "6"])
        #expect(try fixture.memoctl("keys", "f", "--all", "--json").output.split(separator: "\n").count == 7)
    }

    @Test func eventsAppearAsTheyHappen() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let (process, output, errors) = try fixture.start(["monitor", "f", "--json", "--count", "2"])
        try process.run()
        // It has subscribed once an event comes through: those before are not its affair.
        try fixture.wait {
            try fixture.memoctl("put", "f", "1", "2")
            return !process.isRunning
        }
        let result = fixture.finish(process, output, errors)
        #expect(result.status == 0)
        #expect(
            result.output.split(separator: "\n").allSatisfy {
                $0.contains(#""event":"put","fn":"f","key":1"#)
            })
    }
}
