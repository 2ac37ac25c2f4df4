import Foundation
import MemodFixture
import Testing

/// What names of functions mean to memoctl: versions, patterns, and names that are none.
@Suite struct FunctionNameSystemTests {
    private func fixture(_ names: [String]) throws -> SystemFixture {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        for name in names {
            try fixture.memoctl("put", name, "1", "1")
            try fixture.memoctl("get", name, "1")
        }
        return fixture
    }

    private func rows(_ text: String) -> [String: [Substring]] {
        var rows: [String: [Substring]] = [:]
        for line in text.split(separator: "\n") {
            let cells = line.split(separator: " ")
            rows[String(cells[0])] = Array(cells.dropFirst())
        }
        return rows
    }

    @Test func versionsAreOneRowAndOneSum() throws {
        let fixture = try fixture(["f@1.9", "f@1.10", "g@1", "mail@example.org@2", "h", "h@1", "h@2"])
        try fixture.memoctl("define", "f@1.9", "--maxsize", "9")
        try fixture.memoctl("define", "f@1.10", "--maxsize", "10")
        for command in [["stats"], ["functions"]] {
            let grouped = rows(try fixture.memoctl(command).output)
            #expect(grouped["f"]?[0] == "2" && grouped["f"]?[4] == "10", "\(grouped)")
            #expect(grouped["g"] != nil && grouped["mail@example.org"] != nil)
            #expect(grouped["g@1"] == nil && grouped["mail@example.org@2"] == nil)
            #expect(grouped["h"]?[0] == "1" && grouped["h@*"]?[0] == "2")
            #expect(grouped["f@1.9"] == nil && grouped["h@1"] == nil)
            let each = rows(try fixture.memoctl(command + ["--versions"]).output)
            #expect(each["f@1.9"]?[0] == "1" && each["h@1"] != nil && each["f"] == nil)
        }
        for command in ["stats", "info"] {
            let sum = try fixture.memoctl(command, "f").output
            #expect(sum.hasPrefix("CacheInfo(hits=2, misses=0, maxsize=10, currsize=2)\n"), "\(sum)")
            #expect(try fixture.memoctl(command, "h").output.hasPrefix("CacheInfo(hits=1,"))
            #expect(try fixture.memoctl(command, "f@1.9").output.contains("maxsize=9"))
            #expect(try fixture.memoctl(command, "f", "--exact").status == 2)
        }
        // What programs read has each version, and the wire takes names as they stand.
        #expect(try fixture.memoctl("functions", "--json").output.split(separator: "\n").count == 7)
        #expect(try fixture.memoctl("get", "f", "1").status == 2)
        #expect(try fixture.memoctl("clear", "f", "--exact").output == "cleared 0\n")
        #expect(try fixture.memoctl("clear", "f").output == "cleared 2\n")
        #expect(try fixture.memoctl("forget", "h").output == "forgot 1 function, 1 entry\n")
        #expect(try fixture.memoctl("forget", "h@?").output == "forgot 2 functions, 2 entries\n")
        #expect(try fixture.memoctl("forget", "*", "--json").output.contains(#""forgotten":4"#))
        #expect(try fixture.memoctl("functions").output.split(separator: "\n").count == 1)
    }

    @Test func historyAndAdviceAreOfAllVersions() throws {
        let fixture = try fixture(["f@1", "f@2", "f"])
        func hits(_ arguments: String...) throws -> Int {
            let csv = try fixture.memoctl(["history"] + arguments + ["--csv"]).output
            let rows = csv.split(separator: "\n").dropFirst()
            return rows.reduce(0) { $0 + (Int($1.split(separator: ",")[1]) ?? 0) }
        }
        #expect(try hits("f@1") == 1 && hits("f") == 1 && hits() == 3)
        try fixture.memoctl("forget", "f")
        #expect(try hits("f") == 2)
        #expect(try fixture.memoctl("history", "f", "--exact").status == 2)
        #expect(try fixture.memoctl("history", "f", "--json").output.contains(#""hits":2"#))
        for version in ["f@1", "f@2"] { try fixture.memoctl("define", version, "--maxsize", "8") }
        let advice = try fixture.memoctl("advise", "f").output
        #expect(advice.contains("f@1: ") && advice.contains("f@2: "), "\(advice)")
        #expect(try fixture.memoctl("advise", "f", "--exact").status == 2)
        #expect(try fixture.memoctl("advise", "--exact").status == 64)
    }

    @Test func listingsOfGroupsGoOnWhereTheyStopped() throws {
        let fixture = try fixture(["a", "f@1", "f@2", "g", "z"])
        let first = try fixture.memoctl("functions", "--limit", "2")
        #expect(rows(first.output).keys.sorted() == ["FUNCTION", "a", "f"])
        let next = try #require(first.errors.split(separator: "'").dropFirst().first)
        let second = try fixture.memoctl("functions", "--limit", "2", "--after", String(next))
        #expect(rows(second.output).keys.sorted() == ["FUNCTION", "g", "z"] && second.errors == "")
    }

    @Test func aNameThatMatchesNothingIsSaidWithTheNearest() throws {
        let fixture = try fixture(["compute_score", "other"])
        for command in [
            ["stats", "compute_scroe"], ["info", "compute_scroe"], ["keys", "compute_scroe"],
            ["why", "compute_scroe", "1"], ["forget", "compute_scroe"], ["history", "compute_scroe"],
            ["advise", "compute_scroe"], ["export", "-", "compute_scroe"],
        ] {
            for arguments in [command, command + ["--json"]] {
                let result = try fixture.memoctl(arguments)
                #expect(result.status == 2 && result.output.isEmpty, "\(arguments): \(result.output)")
                #expect(
                    result.errors
                        == "memoctl: there is no function \"compute_scroe\"; did you mean compute_score?\n")
            }
        }
        let pattern = try fixture.memoctl("forget", "p?.1")
        #expect(
            pattern.status == 2
                && pattern.errors == "memoctl: no function matches \"p?.1\"; memoctl functions lists all\n")
        let clear = try fixture.memoctl("clear", "compute_scroe")
        #expect(clear.status == 0 && clear.output == "cleared 0\n")
        #expect(clear.errors.contains("did you mean compute_score?"))
        #expect(try fixture.memoctl("why", "compute_score", "7").status == 0)
    }

    @Test func settingsOfAFunctionAreDefinedAndShown() throws {
        let fixture = try fixture(["f"])
        let defined = try fixture.memoctl("define", "f", "--max-bytes", "64MiB", "--no-persist").output
        #expect(defined.contains("max-bytes  64 MiB\n") && defined.contains("persist    no\n"))
        let info = try fixture.memoctl("info", "f").output
        #expect(info.contains("max-bytes    64 MiB\n") && info.contains("persist      no\n"))
        #expect(
            try fixture.memoctl("define", "f", "--max-bytes", "none").output.contains("max-bytes  none\n"))
        #expect(try fixture.memoctl("define", "f", "--stale", "1h").output.contains("stale      1h\n"))
        #expect(try fixture.memoctl("define", "f", "--stale", "none").output.contains("stale      none\n"))
        #expect(try fixture.memoctl("put", "f", "2", "2", "--stale", "none").status == 0)
        let wrong = try fixture.memoctl("define", "f", "--max-bytes", "5MB")
        #expect(wrong.status == 64 && wrong.errors.contains("a size is a number of bytes, or with KiB"))
        try fixture.memoctl("put", "f", "1", "\"only in memory\"")
        let exported = try fixture.memoctl("export", "-").output
        #expect(exported.contains(#""persist":false"#) && !exported.contains("only in memory"))
    }
}
