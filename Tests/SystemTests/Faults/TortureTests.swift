import Foundation
import Testing

/// Some rounds of each kind of `tools/torture`, which runs them for as long as one likes.
@Suite(.serialized, .enabled(if: FaultControl.isAvailable && Command.exists("python3")))
struct TortureTests {
    private static let kinds = ["kills", "power", "disk", "once", "start", "damage", "second", "hang"]

    @Test(arguments: kinds) func promisesAreKept(_ kind: String) throws {
        // The same rounds each time: `tools/torture` goes on looking, and what it finds becomes a test.
        let seed = ProcessInfo.processInfo.environment["MEMOD_TEST_SEED"] ?? "1"
        let tools = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "tools/torture.d")
        let process = try ChildProcess(
            [
                "sh", "-c", "exec python3 -B \"$@\" >&2", "sh", tools.path, "--seconds", "3", "--seed",
                "\(seed)", kind,
            ], environment: ["MEMOD_BIN": Daemon.binary])
        let status = try process.wait(within: 300)
        #expect(status == .exited(0), "\(process.log)")
    }
}
