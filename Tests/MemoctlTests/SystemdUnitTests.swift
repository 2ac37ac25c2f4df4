import Foundation
import MemodFixture
import Testing

/// The units of `systemd/`, as systemd itself judges them, wherever there is one.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze")))
struct SystemdUnitTests {
    private var directory: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("systemd").path
    }

    private func analyze(_ arguments: String..., environment: [String: String] = [:]) throws -> (
        Int32, String
    ) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/systemd-analyze")
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C"].merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    @Test func theServiceIsHardened() throws {
        let (strict, figures) = try analyze(
            "security", "--offline=true", "--threshold=9", directory + "/memod.service")
        // The threshold is in tenths: at most 0.9.
        #expect(strict == 0, "\(figures)")
        #expect(figures.contains("PrivateUsers="))
    }

    /// With a program to start in place of the installed one, which need not be there.
    @Test(arguments: ["", "user/"]) func theUnitsAreValid(subdirectory: String) throws {
        let fixture = try SystemFixture()
        for unit in ["memod.service", "memod.socket"] {
            let text = try String(contentsOfFile: "\(directory)/\(subdirectory)\(unit)", encoding: .utf8)
            try text.replacing("ExecStart=memod", with: "ExecStart=/bin/true").write(
                toFile: fixture.directory + "/" + unit, atomically: true, encoding: .utf8)
        }
        let mode = subdirectory.isEmpty ? "--system" : "--user"
        let (status, text) = try analyze(
            mode, "verify", fixture.directory + "/memod.service", fixture.directory + "/memod.socket",
            environment: ["XDG_RUNTIME_DIR": fixture.directory, "HOME": fixture.directory])
        #expect(status == 0 && text.isEmpty, "\(text)")
    }
}
