import Foundation
import MemodFixture
import Testing

@Suite struct RunSystemTests {
    private let script = "echo out; echo err >&2; printf '\\377\\000'; echo x >>runs; exit ${1:-0}"

    private func runs(_ fixture: SystemFixture) -> Int {
        (try? String(contentsOfFile: fixture.directory + "/runs", encoding: .utf8))?.split(separator: "\n")
            .count ?? 0
    }

    @Test func aCommandRunsOnce() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let first = try fixture.memoctl("run", "--", "sh", "-c", script)
        let second = try fixture.memoctl("run", "--", "sh", "-c", script)
        #expect(runs(fixture) == 1)
        #expect(first.output == "out\n\u{FFFD}\0" && second.output == first.output)
        #expect(first.errors == "err\n" && second.errors == "err\n")
        #expect(first.status == 0 && second.status == 0)
        try fixture.memoctl("run", "--refresh", "--", "sh", "-c", script)
        #expect(runs(fixture) == 2)
        try fixture.memoctl("run", "--key", "other", "--", "sh", "-c", script)
        #expect(runs(fixture) == 3)
    }

    @Test func itOutlivesTheDaemon() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        try fixture.memoctl("run", "--", "sh", "-c", script)
        try fixture.stopDaemon()
        #expect(
            try fixture.memoctl("run", "--explain", "--", "sh", "-c", script).errors.contains("no daemon"))
        #expect(runs(fixture) == 2)
        try fixture.startDaemon()
        #expect(try fixture.memoctl("run", "--explain", "--", "sh", "-c", script).errors.contains("hit"))
        #expect(runs(fixture) == 2)
    }

    @Test func failuresAreForgottenUnlessAskedFor() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        for _ in 0..<2 { #expect(try fixture.memoctl("run", "--", "sh", "-c", script, "-", "3").status == 3) }
        #expect(runs(fixture) == 2)
        for _ in 0..<2 {
            #expect(
                try fixture.memoctl("run", "--keep-failures", "--", "sh", "-c", script, "-", "3").status == 3)
        }
        #expect(runs(fixture) == 3)
        #expect(try fixture.memoctl("run", "--", "no-such-command").status == 127)
        #expect(
            try fixture.memoctl("run", "--keep-failures", "--", "sh", "-c", "kill -TERM $$").status == 128
                + SIGTERM)
    }

    @Test func standardInputAndFilesCountByContent() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        #expect(try fixture.memoctl("run", "--", "cat", input: "ignored").output.isEmpty)
        #expect(try fixture.memoctl("run", "--stdin", "--", "cat", input: "one").output == "one")
        #expect(try fixture.memoctl("run", "--stdin", "--", "cat", input: "two").output == "two")
        let file = fixture.directory + "/file"
        for content in ["a", "b", "a"] {
            try content.write(toFile: file, atomically: true, encoding: .utf8)
            #expect(try fixture.memoctl("run", "--file", file, "--", "cat", file).output == content)
        }
        #expect(
            try fixture.memoctl("run", "--file", file, "--explain", "--", "cat", file).errors.contains("hit"))
    }

    @Test func theExecutableCountsByPathAndContent() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let (first, second) = (fixture.directory + "/a", fixture.directory + "/b")
        for directory in [first, second] {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        }
        func write(_ text: String, to path: String) throws {
            try "#!/bin/sh\necho x >>runs; echo \(text)\n".write(
                toFile: path, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
        func run(_ path: String) throws -> String {
            try fixture.memoctl("run", "--", "tool", environment: ["PATH": path + ":/usr/bin:/bin"]).output
        }
        try write("one", to: first + "/tool")
        for _ in 0..<2 { #expect(try run(first) == "one\n") }
        #expect(runs(fixture) == 1)
        try write("two", to: first + "/tool")
        #expect(try run(first) == "two\n")
        // The same content elsewhere is another program: it may read what lies beside it.
        try write("two", to: second + "/tool")
        #expect(try run(second) == "two\n")
        #expect(runs(fixture) == 3)
        // A directory on the way, and a file that is not for running, are passed over as a shell does.
        try FileManager.default.createDirectory(atPath: second + "/x", withIntermediateDirectories: false)
        try write("x", to: first + "/x")
        #expect(
            try fixture.memoctl("run", "--", "x", environment: ["PATH": "\(second):\(first)"]).output == "x\n"
        )
    }

    @Test func argumentsThatAreFilesCountIfAsked() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let command = ["run", "--auto-files", "--", "sh", "-c", "echo x >>runs; cat \"$1\"", "-", "data"]
        for content in ["a", "b", "a"] {
            try content.write(toFile: fixture.directory + "/data", atomically: true, encoding: .utf8)
            #expect(try fixture.memoctl(command).output == content)
        }
        #expect(runs(fixture) == 2)
    }

    @Test func aMissingFileIsAMistakeUnlessItMayBeMissing() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let result = try fixture.memoctl("run", "--file", "data", "--", "sh", "-c", "echo x >>runs")
        #expect(result.status == 64 && result.errors.contains("--file data: there is no such file"))
        #expect(runs(fixture) == 0)
        let command = [
            "run", "--file", "data", "--file-optional", "--", "sh", "-c", "echo x >>runs; cat data",
        ]
        for _ in 0..<2 { _ = try fixture.memoctl(command) }
        #expect(runs(fixture) == 2)
        try "a".write(toFile: fixture.directory + "/data", atomically: true, encoding: .utf8)
        for _ in 0..<2 { #expect(try fixture.memoctl(command).output == "a") }
        #expect(runs(fixture) == 3)
    }

    @Test func digestsOfExecutablesAreRememberedAndNotTrustedBlindly() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        try fixture.memoctl("run", "--", "sh", "-c", "echo x >>runs")
        let path = fixture.directory + "/.cache/memod/executables"
        let line = try String(contentsOfFile: path, encoding: .utf8)
        #expect(line.split(separator: "\n").count == 1 && line.split(separator: " ").last?.count == 65)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        try fixture.memoctl("run", "--", "sh", "-c", "echo x >>runs")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == line)
        for wrong in ["nonsense\n", "", String(repeating: "x", count: 200_000)] {
            try wrong.write(toFile: path, atomically: false, encoding: .utf8)
            try fixture.memoctl("run", "--", "sh", "-c", "echo x >>runs")
        }
        #expect(runs(fixture) == 1)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? .max < 200_000)
    }

    @Test func severalAtOnceRunItOnce() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let gate = fixture.directory + "/gate"
        let command = [
            "run", "--", "sh", "-c", "echo x >>runs; while [ ! -e gate ]; do sleep 0.01; done; echo done",
        ]
        let first = try fixture.start(command)
        try first.0.run()
        try fixture.wait { runs(fixture) == 1 }
        let others = try (0..<3).map { _ in try fixture.start(command) }
        for other in others { try other.0.run() }
        _ = FileManager.default.createFile(atPath: gate, contents: nil)
        for (process, output, errors) in [first] + others {
            #expect(fixture.finish(process, output, errors).output == "done\n")
        }
        #expect(runs(fixture) == 1)
    }

    @Test func aKilledRunHandsOver() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let command = [
            "run", "--explain", "--", "sh", "-c", "echo x >>runs; while [ ! -e gate ]; do sleep 0.01; done",
        ]
        let first = try fixture.start(command)
        try first.0.run()
        try fixture.wait { runs(fixture) == 1 }
        let second = try fixture.start(command)
        try second.0.run()
        kill(first.0.processIdentifier, SIGKILL)
        // The second one runs it now, which the first did not finish.
        try fixture.wait { runs(fixture) == 2 }
        _ = FileManager.default.createFile(atPath: fixture.directory + "/gate", contents: nil)
        #expect(fixture.finish(second.0, second.output, second.errors).status == 0)
        first.0.waitUntilExit()
    }

    @Test func outputOfAnyBytesIsKept() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        for bytes in ["\\0", "\\377", "\\n"] {
            let command = [
                "run", "--explain", "--", "sh", "-c", "head -c 8000000 /dev/zero | tr '\\0' '\(bytes)'",
            ]
            for word in ["kept", "hit"] {
                let (process, output, errors) = try fixture.start(command)
                process.standardOutput = FileHandle.nullDevice
                try output.fileHandleForWriting.close()
                try process.run()
                #expect(fixture.finish(process, output, errors).errors.contains("memoctl: \(word)"))
            }
        }
    }

    @Test func wordsThatAreNotUTF8AreRefusedOrMeantAsTheyAre() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        for options in [
            "run --key \"$w\" -- true", "run --file \"$w\" -- true", "put \"f$w\" 1 1", "get f \"$w\"",
        ] {
            let result = try fixture.shell("w=$(printf '\\377'); \"$0\" \(options)")
            #expect(result.status == 64 && result.errors.contains("is not UTF-8"), "\(options)")
        }
        for word in ["\\376", "\\377"] {
            #expect(
                try fixture.shell("\"$0\" run -- sh -c 'echo x >>runs' \"$(printf '\(word)')\"").status == 0)
        }
        #expect(runs(fixture) == 2)
    }

    @Test func aCommandRunsWhereTheDirectoryIsGone() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let result = try fixture.shell(
            "mkdir gone; cd gone; rmdir ../gone; \"$0\" run --explain -- echo hello")
        #expect(result.output == "hello\n" && result.errors.contains("the working directory is gone"))
    }

    @Test func whatWasClearedWhileItRanIsNotKept() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let (process, output, errors) = try fixture.start([
            "run", "--explain", "--", "sh", "-c", "echo x >>runs; while [ ! -e gate ]; do sleep 0.01; done",
        ])
        try process.run()
        try fixture.wait { runs(fixture) == 1 }
        #expect(try fixture.memoctl("clear", "--all").status == 0)
        _ = FileManager.default.createFile(atPath: fixture.directory + "/gate", contents: nil)
        let result = fixture.finish(process, output, errors)
        #expect(result.status == 0)
        #expect(result.errors.contains("not kept: it was cleared, or the daemon was started again"))
    }

    @Test func signalsReachTheCommand() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let command = [
            "run", "--keep-failures", "--", "sh", "-c",
            "trap 'echo caught; exit 7' TERM; echo x >>runs; while :; do sleep 0.01; done",
        ]
        for count in 1...2 {
            let (process, output, errors) = try fixture.start(command)
            try process.run()
            try fixture.wait { runs(fixture) == count }
            process.terminate()
            let result = fixture.finish(process, output, errors)
            #expect(result.status == 7)
            #expect(result.output == "caught\n")
        }
    }

    @Test func aStaleResultIsReplayedAndRefreshed() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let command = [
            "run", "--ttl", "1ms", "--stale", "1h", "--", "sh", "-c", "echo x >>runs; wc -l <runs",
        ]
        func run() throws -> String {
            let (process, output, errors) = try fixture.start(command)
            try process.run()
            return fixture.finish(process, output, errors).output
        }
        #expect(try run() == "1\n")
        #expect(try run() == "1\n")
        try fixture.wait { runs(fixture) >= 2 }
        try fixture.wait { try run() != "1\n" }
    }

    /// How much less is the benchmark's business. By processor time: the machine may be busy.
    @Test func aHitTakesLessThanAnInterpretersStart() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        try #require(
            FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"), "the yardstick is missing")
        try fixture.memoctl("run", "--", "echo", "hi")
        func seconds(_ command: String) throws -> Double {
            let said = try fixture.shell("for i in $(seq 20); do \(command); done >/dev/null; times")
            // The last line has what the shell's children took: 0m0.21s 0m0.04s.
            let times = try #require(said.output.split(separator: "\n").last).split(separator: " ").map {
                $0.dropLast().split(separator: "m").compactMap { Double($0) }
            }
            try #require(times.count == 2 && times.allSatisfy { $0.count == 2 }, "\(said)")
            return times.reduce(0) { $0 + $1[0] * 60 + $1[1] }
        }
        let hits = try seconds(#""$0" run -- echo hi"#)
        let starts = try seconds("/usr/bin/python3 -c pass")
        #expect(hits < starts)
    }
}
