import Foundation
import MemodFixture
import Testing

/// What is for a terminal, in one.
@Suite struct TerminalSystemTests {
    private static let (enter, leave) = ("\u{1B}[?1049h", "\u{1B}[?1049l")

    private func open(_ fixture: SystemFixture, _ arguments: String...) throws -> PseudoTerminal {
        try PseudoTerminal(
            arguments, program: SystemFixture.program("memoctl"),
            environment: ["MEMOD_SOCKET": fixture.socket, "HOME": fixture.directory])
    }

    private func busyFixture() throws -> SystemFixture {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        try fixture.memoctl("put", "geo.distance", "1", "2")
        for _ in 0..<3 { try fixture.memoctl("get", "geo.distance", "1") }
        return fixture
    }

    @Test func topShowsFunctionsAndGivesTheTerminalBack() throws {
        let fixture = try busyFixture()
        let terminal = try open(fixture, "top")
        #expect(terminal.isForLines)
        try terminal.start()
        #expect(terminal.shows(Self.enter))
        #expect(terminal.shows("FUNCTION"))
        #expect(terminal.shows("geo.distance"))
        #expect(terminal.shows("saved a second"))
        // Three hits before it started, and none since.
        #expect(terminal.shows("█│"))
        #expect(!terminal.isForLines)
        terminal.type("q")
        #expect(terminal.rest().contains(Self.leave))
        #expect(terminal.status == (.exit, 0))
        #expect(terminal.isForLines)
    }

    @Test func topFitsIntoSmallTerminals() throws {
        let fixture = try busyFixture()
        for name in ["b", "c", "d", "e", "f"] { try fixture.memoctl("put", name, "1", "2") }
        let terminal = try open(fixture, "top", "--interval", "100ms")
        try terminal.start()
        #expect(terminal.shows("geo.distance"))
        for (lines, columns) in [(10, 40), (24, 59), (8, 100), (4, 20), (3, 40), (30, 100)] {
            terminal.resize(lines: UInt16(lines), columns: UInt16(columns))
            var screen: [Substring] = []
            // One may have been drawn for the old size.
            for _ in 0..<3 { screen = terminal.screen(with: "quit") }
            #expect(screen.count <= lines, "\(lines)x\(columns): \(screen)")
            #expect(screen.allSatisfy { $0.count <= columns }, "\(lines)x\(columns): \(screen)")
            #expect(screen.contains { $0.hasPrefix("FUNCTION") }, "\(lines)x\(columns): \(screen)")
            #expect(screen.contains { $0.contains("geo.distan") }, "\(lines)x\(columns): \(screen)")
            if lines >= 8 { #expect(screen.first?.hasPrefix("memod") == true) }
        }
        terminal.type("q")
        #expect(terminal.rest().contains(Self.leave))
    }

    @Test func topGivesTheTerminalBackWhenItIsEnded() throws {
        let fixture = try busyFixture()
        defer { withExtendedLifetime(fixture) {} }
        let terminal = try open(fixture, "top")
        try terminal.start()
        #expect(terminal.shows("geo.distance"))
        terminal.end(SIGTERM)
        #expect(terminal.rest().contains(Self.leave))
        #expect(terminal.status == (.uncaughtSignal, SIGTERM))
        #expect(terminal.isForLines)
    }

    @Test func topClearsAFunctionOnceThatIsConfirmed() throws {
        let fixture = try busyFixture()
        let terminal = try open(fixture, "top")
        try terminal.start()
        #expect(terminal.shows("geo.distance"))
        terminal.type("c")
        #expect(terminal.shows("clear geo.distance? y/n"))
        terminal.type("n")
        #expect(terminal.shows("q quit"))
        #expect(try fixture.memoctl("get", "geo.distance", "1").output == "2\n")
        terminal.type("c")
        #expect(terminal.shows("clear geo.distance? y/n"))
        terminal.type("y")
        #expect(terminal.shows("cleared 1 entry of geo.distance"))
        terminal.type("q")
        #expect(terminal.status == (.exit, 0))
        #expect(try fixture.memoctl("get", "geo.distance", "1").status != 0)
    }

    @Test func whoeverWaitsIsToldForWhat() throws {
        let fixture = try busyFixture()
        let terminal = try open(fixture, "get", "geo.distance", "1")
        fixture.signalDaemon(SIGSTOP)
        try terminal.start()
        #expect(terminal.shows("the daemon does not answer yet; giving up in 2"))
        fixture.signalDaemon(SIGCONT)
        #expect(terminal.rest().contains("2"))
        #expect(terminal.status == (.exit, 0))
    }

    @Test func statsAreAlignedWithinTheTerminal() throws {
        let fixture = try busyFixture()
        let terminal = try open(fixture, "stats")
        try terminal.start()
        let plain = terminal.rest().replacing(/\u{1B}\[[0-9;]*m/, with: "")
        let lines = plain.split(whereSeparator: \.isNewline)
        #expect(terminal.status == (.exit, 0))
        #expect(
            lines.contains { $0.hasPrefix("FUNCTION") } && lines.allSatisfy { $0.count <= 100 }, "\(lines)")
        let header = try #require(lines.first { $0.hasPrefix("TIER") })
        let hot = try #require(lines.first { $0.hasPrefix("hot") })
        #expect(header.count == hot.count, "\(lines)")
    }
}
