import MemodFixture
import Testing

@testable import MemoClient

/// The same wire vectors as every client's, over this one's connection and reader.
@Suite struct VectorSystemTests {
    @Test(arguments: WireVectors.files) func vector(_ file: String) throws {
        let fixture = try SystemFixture()
        try fixture.startDaemon()
        let deadline = Deadline(in: .seconds(600))
        var connection = try SocketConnection.open(
            [SocketLocation(path: fixture.socket, origin: "given")], deadline: deadline)
        for step in try WireVectors.steps(of: file) {
            try connection.send(try #require(step.bytes, "\(step.place)"), deadline: deadline)
            let line = try connection.receiveLine(deadline: deadline)
            #expect(try step.complaints(about: String(decoding: line, as: UTF8.self)) == [])
            let reply = try Reply(line: line)
            #expect(reply.error?.code.rawValue == step.errorCode, "\(step.place)")
        }
    }
}
