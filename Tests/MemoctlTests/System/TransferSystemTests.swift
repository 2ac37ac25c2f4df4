import Foundation
import MemodFixture
import Testing

@Suite struct TransferSystemTests {
    private func entries(_ fixture: SystemFixture) throws -> Set<String> {
        Set(
            try fixture.memoctl("export", "-").output.split(separator: "\n").map(String.init)
                .filter { $0.hasPrefix("{\"fn\"") }
                .map { $0.replacing(/"(ttl|stale)_ms":\d+/) { "\"\($0.1)_ms\":0" } })
    }

    private func fill(_ fixture: SystemFixture) throws {
        try fixture.memoctl("define", "a", "--maxsize", "100", "--no-typed")
        for key in 0..<5 { try fixture.memoctl("put", "a", "[\(key),\"é\"]", "\"\(key)\"", "--cost", "7ms") }
        for key in 0..<3 { try fixture.memoctl("put", "b", "\(key)", "{\"k\": \(key)}", "--ttl", "1h") }
        try fixture.memoctl("put", "b", "3", "3", "--ttl", "1ms", "--stale", "1h", "--tag", "t", "--tag", "u")
        try fixture.memoctl("define", "c", "--stale", "1h")
        try fixture.memoctl("put", "c", "0", "0", "--ttl", "1h", "--stale", "0s")
        try fixture.memoctl("put", "c", "1", "1")
    }

    @Test func whatIsExportedIsImported() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        try fill(fixture)
        let before = try entries(fixture)
        #expect(before.count == 11)
        let file = fixture.directory + "/export.ndjson"
        #expect(try fixture.memoctl("export", file).output == "exported 11 entries\n")
        #expect(!FileManager.default.fileExists(atPath: file + ".part"))
        let other = try SystemFixture()
        try other.startDaemon()
        #expect(try other.memoctl("import", file).output.hasPrefix("imported 11 entries of 3 functions"))
        #expect(try entries(other) == before)
        #expect(try other.memoctl("info", "a").output.contains("maxsize=100"))
        // Grace times go along, if there is no end yet, too, and if there is none.
        for (key, hasGrace) in [(0, false), (1, true)] {
            let lines = before.filter { $0.hasPrefix("{\"fn\":\"c\",\"key\":\(key),") }
            #expect(lines.count == 1 && lines.allSatisfy { $0.contains("stale_ms") == hasGrace }, "\(lines)")
        }
        // Tags go along.
        #expect(try other.memoctl("clear", "--tag", "u").output == "cleared 1\n")
        // Again is no more.
        try other.memoctl("import", file)
        #expect(try entries(other) == before)
    }

    @Test func anExportIsNoUse() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        try fixture.memoctl("define", "f", "--maxsize", "2")
        for key in ["1", "2"] { try fixture.memoctl("put", "f", key, "0") }
        try fixture.memoctl("get", "f", "1")
        #expect(try fixture.memoctl("export", "-").status == 0)
        #expect(try fixture.memoctl("export", "-", "f").errors == "exported 2 entries\n")
        #expect(try fixture.memoctl("stats", "f").output.hasPrefix("CacheInfo(hits=1, misses=0,"))
        // The least recently used is the one it was.
        try fixture.memoctl("put", "f", "3", "0")
        #expect(try fixture.memoctl("why", "f", "2").output.hasPrefix("evicted"))
        #expect(try fixture.memoctl("why", "f", "1").output.hasPrefix("present"))
    }

    @Test func aBrokenExportGoesOn() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        try fill(fixture)
        let whole = try fixture.memoctl("export", "-").output.split(separator: "\n").map(String.init)
        let cut = try #require(whole.firstIndex { $0 == "{\"done\":\"a\"}" })
        let file = fixture.directory + "/export.ndjson"
        let beginning = whole[...cut].joined(separator: "\n") + "\n"
        try (beginning + whole[cut + 1] + "\n{\"fn\":\"b\",\"ke").write(
            toFile: file + ".part", atomically: true, encoding: .utf8)
        #expect(try fixture.memoctl("export", file).status == 0)
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(text.hasPrefix(beginning))
        let keys = text.split(separator: "\n").filter { $0.hasPrefix("{\"fn\"") }
        #expect(keys.count == 11 && Set(keys).count == 11)
    }

    @Test func anExportOfOtherFunctionsBeginsAnew() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        try fill(fixture)
        let file = fixture.directory + "/export.ndjson"
        try fixture.memoctl("export", "-").output.write(
            toFile: file + ".part", atomically: true, encoding: .utf8)
        #expect(try fixture.memoctl("export", file, "b").status == 0)
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        let entries = lines.filter { $0.hasPrefix("{\"fn\"") }
        #expect(!entries.isEmpty && entries.allSatisfy { $0.hasPrefix("{\"fn\":\"b\",") }, "\(lines)")
        #expect(lines.count { $0.contains("\"memod_export\"") } == 1)
        let result = try fixture.memoctl("export", fixture.directory)
        #expect(result.status == 1 && result.errors.contains("is a directory"))
        #expect(!FileManager.default.fileExists(atPath: fixture.directory + ".part"))
    }

    /// Entries have other places after a restart: where the export stood within a function means nothing then.
    @Test func anExportGoesOnAfterARestart() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        try fill(fixture)
        let entries = (0..<1200).map { "{\"fn\":\"c\",\"key\":\($0),\"value\":0}\n" }.joined()
        try fixture.memoctl("import", "-", input: "{\"memod_export\":1,\"at_ms\":1}\n" + entries)
        let lines = try fixture.memoctl("export", "-").output.split(separator: "\n").map(String.init)
        let pages = lines.indices.filter { lines[$0].hasPrefix("{\"done\":\"c\",\"next\"") }
        #expect(pages.count == 2)
        // The entries at its beginning go, so that others take their places.
        for key in 0..<5 { try fixture.memoctl("delete", "c", "\(key)") }
        try fixture.memoctl("clear", "a")
        let file = fixture.directory + "/export.ndjson"
        try (lines[...(try #require(pages.last))].joined(separator: "\n") + "\n").write(
            toFile: file + ".part", atomically: true, encoding: .utf8)
        try fixture.stopDaemon()
        try fixture.startDaemon()
        #expect(try fixture.memoctl("export", file).status == 0)
        let exported = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("{\"fn\":\"c\"") }
        #expect(exported.count == 1195 && Set(exported).count == 1195)
    }

    @Test(arguments: [
        "{\"x\":1}", "[]", "{\"memod_export\":2}", "{\"memod_export\":1,\"at_ms\":1}\n{\"fn\":1}", "\0",
    ])
    func whatIsNoExport(text: String) throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let result = try fixture.memoctl("import", "-", input: text)
        #expect(result.status == 1)
        #expect(result.errors.contains("line "))
        #expect(!result.errors.contains("invalid_argument"))
    }

    /// Wherever an export is cut, what is there is imported, and that something is missing is said.
    @Test func aCutExportIsNotTakenForAWholeOne() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        try fill(fixture)
        let whole = try fixture.memoctl("export", "-").output
        #expect(whole.hasSuffix("\n{\"done\":true}\n"))
        let lines = whole.split(separator: "\n").map(String.init)
        let end = lines.count - 1
        let first = lines[..<3].joined(separator: "\n")
        let cuts = [
            (lines[..<end].joined(separator: "\n") + "\n", 11), (first + "\n", 1), (first, 1),
            (String(whole.dropLast(3)), 11), (first + "\n" + lines[3].prefix(20), 1),
            (first + "\n" + whole, 12),
            ("", 0), ("\n", 0),
        ]
        let file = fixture.directory + "/cut.ndjson"
        for (text, stored) in cuts {
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            for name in [file, "-"] {
                let result = try fixture.memoctl("import", name, "--json", input: text)
                #expect(result.status == 1, "\(text)")
                #expect(result.output.contains("\"stored\":\(stored),"), "\(text): \(result.output)")
                #expect(result.output.contains("\"complete\":false"))
                #expect(result.errors.contains("is not a whole export"), "\(result.errors)")
            }
        }
        #expect(try fixture.memoctl("import", "-", input: String(whole.dropLast())).status == 0)
        #expect(try fixture.memoctl("import", "-", input: whole + whole).status == 0)
    }

    @Test func timesToLiveGoOnFromTheExport() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let result = try fixture.memoctl(
            "import", "-",
            input: """
                {"memod_export":1,"at_ms":1000}
                {"fn":"f","key":1,"value":1,"ttl_ms":5000}
                {"fn":"f","key":2,"value":2,"ttl_ms":null}
                {"fn":"f","key":3,"value":3,"ttl_ms":5000,"stale_ms":4000000000000}
                {"done":true}
                """)
        #expect(result.status == 0)
        #expect(result.output == "imported 2 entries of 0 functions; 1 had expired, 0 were refused\n")
        #expect(try fixture.memoctl("get", "f", "3", "--meta", "--json").output.contains("\"stale\":true"))
        #expect(try fixture.memoctl("get", "f", "1").status == 2)
        #expect(try fixture.memoctl("get", "f", "2").status == 0)
    }
}
