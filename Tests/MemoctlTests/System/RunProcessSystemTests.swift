import Foundation
import MemodFixture
import Testing

/// What runs under `memoctl run` runs as it would without.
@Suite struct RunProcessSystemTests {
    @Test func filesThatCanBeReadOnceAreRefused() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let result = try fixture.shell(
            "echo one | \"$0\" run --file /dev/fd/9 -- cat /dev/fd/9 9<&0")
        #expect(result.status == 1 && result.errors.contains("/dev/fd/9 is no regular file"))
        // Opening it would wait for a writer.
        let waiting = try fixture.shell("mkfifo pipe && timeout 60 \"$0\" run --file pipe -- cat pipe")
        #expect(waiting.status == 1 && waiting.errors.contains("pipe is no regular file"))
        #expect(try fixture.memoctl("run", "--file", "/dev/null", "--", "echo", "hi").output == "hi\n")
    }

    @Test func aCommandThatCrashesLeavesTheOneCore() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        // The command is kept from leaving one: whatever there is then is memoctl's.
        let result = try fixture.shell(
            "ulimit -S -c unlimited; \"$0\" run -- sh -c 'ulimit -S -c 0; kill -SEGV $$'; echo $?; ls")
        #expect(result.output.hasPrefix("\(128 + SIGSEGV)\n"))
        #expect(!result.output.contains("core"))
    }

    @Test func aParentThatIgnoresItsChildrenChangesNothing() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let run = "env --ignore-signal=CHLD \"$0\" run --"
        let result = try fixture.shell("\(run) sh -c 'echo out; exit 5'; echo $?; \(run) echo hi")
        #expect(result.output == "out\n5\nhi\n")
        #expect(result.errors.isEmpty)
    }

    @Test func aSignalEndsTheWaitingForWhatTheCommandLeftBehind() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        for left in ["sleep 100", "while :; do echo y || exit; done"] {
            let command = "{ \(left); } & echo $! >left; echo $$ >self; head -c 60000 /dev/zero; exit 7"
            let script = """
                "$0" run --explain -- sh -c '\(command)' >output 2>errors & run=$!
                until [ -s self ] && grep -q "^State:.Z" /proc/$(cat self)/status; do sleep 0.01; done
                kill $run; wait $run; echo $?; cat errors; kill $(cat left); rm self
                """
            let began = ContinuousClock.now
            let result = try fixture.shell(script)
            #expect(result.output.hasPrefix("7\n") && result.output.contains("the command was interrupted"))
            #expect(ContinuousClock.now - began < .seconds(60))
        }
    }

    @Test func aSignalToQuitIsNoCrashOfMemoctl() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let command =
            "trap 'echo caught; exit 7' QUIT; echo >started; for i in $(seq 1000); do sleep 0.01; done"
        let (process, output, errors) = try fixture.start(
            ["run", "--", "sh", "-c", command], environment: ["SWIFT_BACKTRACE": "enable=yes,interactive=no"])
        try process.run()
        try fixture.wait { FileManager.default.fileExists(atPath: fixture.directory + "/started") }
        kill(process.processIdentifier, SIGQUIT)
        let result = fixture.finish(process, output, errors)
        #expect(result.output == "caught\n" && result.status == 7)
        // A runtime that is linked in says that it finds no program for traces, and has no handler.
        #expect(!result.errors.contains("***"), "\(result.errors)")
    }

    @Test func aRefreshHasWhatTheFirstRunHad() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let command = "readlink /proc/$$/fd/3 >>seen; readlink /proc/$$/fd/* | grep -c socket: >>seen"
        let run = "\"$0\" run --ttl 1ms --stale 1h -- sh -c '\(command); true' 3</etc/passwd"
        _ = try fixture.shell("\(run); sleep 0.01; \(run)")
        var seen: [Substring] = []
        try fixture.wait {
            seen = try String(contentsOfFile: fixture.directory + "/seen", encoding: .utf8).split(
                separator: "\n")
            return seen.count == 4
        }
        #expect(seen[0] == "/etc/passwd" && seen[..<2] == seen[2...])
    }

    @Test func scriptsNeedNotSayWhatRunsThem() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let make =
            "mkdir bin; echo 'echo \"$1\"; exit 3' >bin/script; chmod +x bin/script; export PATH=$PWD/bin:$PATH"
        for name in ["bin/script", "script"] {
            let result = try fixture.shell("\(make); \"$0\" run -- \(name) 'a  b'")
            #expect(result.output == "a  b\n" && result.status == 3, "\(name): \(result.errors)")
        }
    }
}
