import Foundation
import MemodFixture
import Testing

@Suite struct ExampleSystemTests {
    /// A package elsewhere that depends on this one, as a newcomer's would.
    @Test func theExamplePackageBuildsAndRuns() throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let copy = URL(fileURLWithPath: fixture.directory + "/example")
        try FileManager.default.copyItem(at: root.appendingPathComponent("Tests/Example"), to: copy)
        let manifest = copy.appendingPathComponent("Package.swift")
        let text = try String(contentsOf: manifest, encoding: .utf8)
        try text.replacing("../..", with: root.path).write(to: manifest, atomically: true, encoding: .utf8)

        let build = Process()
        build.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        build.arguments = ["swift", "build", "--package-path", copy.path, "--product", "example"]
        let (status, said) = try SystemFixture.run(build)
        try #require(status == 0, "\(said)")
        #expect(!said.contains("warning: ") || !said.contains("main.swift"))

        func run(_ socket: String) throws -> String {
            let process = Process()
            process.executableURL = copy.appendingPathComponent(".build/debug/example")
            process.environment = ["MEMOD_SOCKET": socket, "HOME": fixture.directory]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            return text
        }
        let first = try run(fixture.socket)
        #expect(first.split(separator: "\n").filter { $0.hasPrefix("computing") }.count == 2)
        #expect(first.contains("CacheInfo(hits=1, misses=2, maxsize=512, currsize=2)\n\"Hello, Ada\"\n"))
        let second = try run(fixture.socket)
        #expect(!second.contains("computing"))
        #expect(second.contains("CacheInfo(hits=3, misses=0, maxsize=512, currsize=2)"))
        // What was served within the processes was reported when they ended.
        let summary = try fixture.memoctl("stats", "example.forecast").output
        #expect(summary.hasPrefix("CacheInfo(hits=4, misses=2, maxsize=512, currsize=2)\n"))
        let alone = try run(fixture.directory + "/nobody.sock")
        #expect(alone.contains("no daemon, nothing lost: unreachable"))
    }
}
