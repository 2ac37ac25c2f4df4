internal import CLinux
internal import Glibc
internal import MemoRegion
internal import MemoWire

/// The connection on which this process has mapped what a daemon publishes, and the readers of that.
///
/// `@unchecked Sendable` because whoever has it asks for places one at a time.
final class RegionMapping: @unchecked Sendable {
    private struct Box: ~Copyable {
        var connection: SocketConnection
    }

    private var box: Box
    private let timeout: Duration
    private let readers: [RegionReader]
    private let placesPerRegion: Int

    /// Where hits of a function are.
    struct Place: Sendable {
        let reader: RegionReader
        let number: UInt32
        let place: Int
        let isTyped: Bool
    }

    /// - Throws: also if the daemon publishes nothing.
    init(_ locations: [SocketLocation], timeout: Duration) throws(MemoError) {
        let deadline = Deadline(in: timeout)
        var connection = try SocketConnection.open(locations, deadline: deadline)
        try connection.send(Call.hello(client: "region").request.bytes, deadline: deadline)
        let hello = try Reply(line: connection.receiveLine(deadline: deadline))
        guard hello.bool("region") == true else {
            throw MemoError(.unknownOperation, "the daemon publishes nothing")
        }
        let before = BootTime.nowMs
        try connection.send(RequestLine(.map).bytes, deadline: deadline)
        let (line, descriptors) = try connection.receiveDescriptors(deadline: deadline)
        let after = BootTime.nowMs
        defer { for descriptor in descriptors { close(descriptor) } }
        let reply = try Reply(line: line)
        if let error = reply.error { throw error }
        let count = try reply.require(reply.int("regions").flatMap { Int(exactly: $0) }, "regions")
        placesPerRegion = try reply.require(
            reply.int("places").flatMap { (1...1 << 20).contains($0) ? Int($0) : nil }, "places")
        let now = try reply.require(reply.int("boottime_ms"), "boottime_ms")
        guard (1...2).contains(count), descriptors.count == 1 + 2 * count else {
            throw MemoError(.malformedReply, "descriptors are missing")
        }
        do throws(RegionError) {
            let control = try ControlView(descriptors[0])
            var readers: [RegionReader] = []
            for index in 0..<count {
                // In another time namespace what ends would end at another time.
                readers.append(
                    try RegionReader(
                        region: descriptors[1 + 2 * index], uses: descriptors[2 + 2 * index],
                        control: control, servesEnding: (before...after).contains(now)))
            }
            self.readers = readers
        } catch {
            throw MemoError(.malformedReply, "the region cannot be used: \(error)")
        }
        self.timeout = timeout
        box = Box(connection: connection)
    }

    /// Whether the daemon still publishes, to this process.
    var isOpen: Bool { readers.allSatisfy { $0.isOpen } }

    /// Asks where a function's hits are.
    /// - Returns: `nil` if they are nowhere yet.
    func place(of function: String) throws(MemoError) -> Place? {
        let deadline = Deadline(in: timeout)
        try box.connection.send(Call.info(function).request.bytes, deadline: deadline)
        let info = try Reply(line: box.connection.receiveLine(deadline: deadline))
        if let error = info.error { throw error }
        guard let region = info.object("region"), let place = region.int("place"),
            let number = region.int("number").flatMap({ UInt32(exactly: $0) }), place >= 0,
            Int(place) / placesPerRegion < readers.count
        else { return nil }
        return Place(
            reader: readers[Int(place) / placesPerRegion], number: number,
            place: Int(place) % placesPerRegion, isTyped: info.bool("typed") ?? false)
    }
}
