import MemodFixture
import Testing

@Suite struct VectorTests {
    @Test func vectorsAreThere() { #expect(WireVectors.files.count > 5) }

    @Test(arguments: WireVectors.files) func vector(_ file: String) throws {
        let daemon = try Daemon()
        let peer = try daemon.connect()
        for step in try WireVectors.steps(of: file) {
            try peer.send(bytes: try #require(step.bytes, "\(step.place)"))
            let reply = try #require(try peer.line(), "\(step.place): the connection is closed")
            #expect(try step.complaints(about: reply) == [])
        }
        #expect(try peer.isSilent(for: 0.01), "\(file): more replies than steps")
    }
}
