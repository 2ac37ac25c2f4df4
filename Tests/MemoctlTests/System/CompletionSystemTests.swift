import Foundation
import MemodFixture
import Testing

@Suite struct CompletionSystemTests {
    /// Runs a shell in which `memoctl` is the one that was built.
    private func run(_ fixture: SystemFixture, _ shell: String, _ arguments: String...) throws -> (
        Int32, String
    ) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: shell)
        process.arguments = arguments
        let programs = URL(fileURLWithPath: try SystemFixture.program("memoctl")).deletingLastPathComponent()
            .path
        process.environment = [
            "PATH": "\(programs):/usr/bin:/bin", "MEMOD_SOCKET": fixture.socket, "HOME": fixture.directory,
        ]
        process.currentDirectoryURL = URL(fileURLWithPath: fixture.directory)
        return try SystemFixture.run(process)
    }

    @Test func bashOffersCommandsOptionsAndFunctions() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        for name in ["compute_score", "compute_other", "run:make", "two\nlines"] {
            try fixture.memoctl("put", name, "1", "1")
        }
        let (status, text) = try run(
            fixture, "/bin/bash", "--norc", "-c",
            #"""
            source <(memoctl completions bash)
            offered() {
                COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMPREPLY=()
                COMP_POINT=${#COMP_LINE}
                _memoctl memoctl "${@: -1}" "${@: -2:1}"
                echo "${COMPREPLY[*]}"
            }
            offered memoctl st
            offered memoctl stats --sor
            offered memoctl stats --sort r
            offered memoctl stats comp
            offered memoctl get --socket "$MEMOD_SOCKET" ''
            unset MEMOD_SOCKET
            offered memoctl get --socket "$HOME/nothing" ''
            """#)
        #expect(status == 0)
        #expect(
            text.split(separator: "\n", omittingEmptySubsequences: false) == [
                "stats", "--sort", "ratio", "compute_other compute_score",
                "compute_other compute_score run:make", "", "",
            ])
    }

    @Test(arguments: ["zsh", "fish"]) func othersCanReadTheirScripts(shell: String) throws {
        let fixture = try SystemFixture()
        let file = fixture.directory + "/script"
        try fixture.memoctl("completions", shell).output.write(
            toFile: file, atomically: true, encoding: .utf8)
        let path = "/usr/bin/" + shell
        guard FileManager.default.isExecutableFile(atPath: path) else { return }
        let (status, text) = try run(fixture, path, "-n", file)
        #expect(status == 0 && text.isEmpty, "\(text)")
    }
}
