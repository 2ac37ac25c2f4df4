import MemoClient
import Testing

@testable import memoctl

@Suite struct RecordedRunTests {
    private func run(_ words: [String], _ change: (inout RunSettings) -> Void = { _ in }) -> RunSettings {
        var settings = RunSettings()
        settings.command = words.map { Array($0.utf8) }
        change(&settings)
        return settings
    }

    @Test func everyByteComesBack() throws {
        var recorded = RecordedRun()
        recorded.append(Array("text ü\n".utf8), to: .standardOutput)
        recorded.append((0...255).map { UInt8($0) }, to: .standardError)
        recorded.append([0xC3], to: .standardOutput)
        recorded.append([0xBC], to: .standardOutput)
        recorded.status = 3
        let again = try #require(RecordedRun(recorded.json))
        #expect(again == recorded)
        #expect(again.output.map(\.stream) == [.standardOutput, .standardError, .standardOutput])
        #expect(again.output[2].bytes == [0xC3, 0xBC])
    }

    @Test func tooMuchIsNotKept() {
        var recorded = RecordedRun()
        recorded.append([UInt8](repeating: 65, count: RecordedRun.maximumBytes), to: .standardOutput)
        #expect(!recorded.isTooLarge)
        recorded.append([65], to: .standardError)
        #expect(recorded.isTooLarge)
        #expect(recorded.output.isEmpty)
    }

    @Test(arguments: [
        "1", "{}", #"{"status":0}"#, #"{"status":256,"output":[]}"#, #"{"status":-1,"output":[]}"#,
        #"{"status":0,"output":[[3,"x"]]}"#, #"{"status":0,"output":[[1]]}"#,
        #"{"status":0,"output":[[1,{"base64":"?"}]]}"#, #"{"status":0,"output":[[1,5]]}"#,
    ])
    func whatCannotBeReplayed(text: String) throws {
        #expect(RecordedRun(try JSONText(parsing: text)) == nil)
    }

    @Test func whatTheKeyDependsOn() throws {
        let plain = try RunKey(run(["cat", "a"]), input: nil)
        #expect(plain.function == "run:cat")
        #expect(try RunKey(run(["/bin/cat", "a"]), input: nil).function == "run:cat")
        let others = try [
            RunKey(run(["/bin/cat", "a"]), input: nil), RunKey(run(["cat", "a", ""]), input: nil),
            RunKey(run(["cat", "a"]) { $0.anyDirectory = true }, input: nil),
            RunKey(run(["cat", "a"]), input: []),
            RunKey(run(["cat", "a"]) { $0.key = "" }, input: nil),
            RunKey(run(["cat", "a"]) { $0.environment = ["NO_SUCH_VARIABLE"] }, input: nil),
            RunKey(
                run(["cat", "a"]) {
                    $0.files = ["/no/such/file"]
                    $0.filesAreOptional = true
                }, input: nil),
            RunKey(run(["cat", "a"]), executable: Array("/bin/cat".utf8), input: nil),
            RunKey(run(["cat", "a"]), executable: Array("/bin/sh".utf8), input: nil),
            RunKey(run(["cat", "a"]) { $0.files = ["/dev/null"] }, input: nil),
        ]
        #expect(Set(others.map(\.json) + [plain.json]).count == others.count + 1)
        #expect(try RunKey(run(["cat", "a"]), input: nil).json == plain.json)
        #expect(throws: UsageError.self) {
            try RunKey(run(["cat", "a"]) { $0.files = ["/no/such/file"] }, input: nil)
        }
    }

    @Test func wordsThatAreNotTextDiffer() throws {
        var first = run([])
        first.command = [[0x63], [0xFF]]
        var second = run([])
        second.command = [[0x63], [0xFE]]
        let replaced = run(["c", "\u{FFFD}"])
        let keys = try [first, second, replaced].map { try RunKey($0, input: nil).json }
        #expect(Set(keys).count == 3)
    }
}
