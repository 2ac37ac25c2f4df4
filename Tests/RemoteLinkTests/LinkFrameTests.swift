import TestSupport
import Testing

@testable import RemoteLink

struct LinkFrameTests {
    private static let value = SharedValue(
        namespaceEpoch: 1_795_934_523_067_271, functionEpoch: 3, tags: [.init(name: [1, 2], epoch: 9)],
        generation: Generation(high: .max, low: 7), ttlMs: 0, graceMs: 5, costMs: .max,
        value: Array("[1]".utf8))

    private static let requests: [LinkRequest] = [
        .hello(
            .init(namespace: Array("n".utf8), instance: .max, valueMax: 1, queueBytes: 2, isReadOnly: true)),
        .follow(after: nil), .follow(after: LogPosition(ms: 5, sequence: .max)),
        .lookup(
            .init(id: 1, budgetMs: 25, function: [0], keys: [[], [1]], epochs: [.namespace, .tag([3])])),
        .lookup(
            .init(id: 1, budgetMs: 25, function: [], keys: [[1]], lease: .init(token: .max, lifeMs: 300))),
        .release(function: [1], key: [2], lease: 3),
        .put(.init(function: [1], key: [2, 3], entry: value)), .epochs(id: 2, [.function([]), .namespace]),
        .raise(id: 3, [.init(.tag([1]), least: 0), .init(.function([2]), least: .max)]),
        .tombstone(id: 4, function: [1], key: [], Generation(high: 1, low: 2)), .ping(id: 5),
        .watch(id: 6, []), .watch(id: .max, [.namespace, .function([1]), .tag([2])]),
    ]

    private static let replies: [LinkReply] = [
        .state(
            .init(
                phase: .up, isReadOnly: true, reason: "because",
                nodes: [.init(address: "a:1", isUp: false, roundTripMicroseconds: 300)])),
        .found(id: 1, [.init(2, .hit(value))], isLast: true),
        .found(
            id: 1,
            [
                .init(0, .miss(Generation(high: 3, low: 4))), .init(.max, .hit(value)),
                .init(1, .failed(.invalid)),
            ],
            isLast: false),
        .taken(id: 1), .found(id: 1, [], isLast: false), .epochs(id: 2, [0, .max]), .deleted(id: 3),
        .failed(id: 4, .readOnly), .gap, .identity([1, 2]),
        .events(
            [
                LogEvent(.raised(.namespace, 8), instance: 9),
                LogEvent(.deleted(function: [1], key: [2]), instance: 0),
            ], through: LogPosition(ms: 1, sequence: 2), isCaughtUp: true),
        .counts(.init()), .pong(id: 5, microseconds: 44),
    ]

    @Test func whatIsSentArrives() throws {
        for request in Self.requests { #expect(try LinkRequest(request.frame.dropFirst(4)) == request) }
        for reply in Self.replies { #expect(try LinkReply(reply.frame.dropFirst(4)) == reply) }
    }

    @Test func framesArriveHoweverTheStreamIsCut() throws {
        let stream = Self.replies.flatMap(\.frame)
        for size in [1, 3, 7, 64, stream.count] {
            var buffer = FrameBuffer()
            var arrived: [LinkReply] = []
            for start in stride(from: 0, to: stream.count, by: size) {
                buffer.append(stream[start..<min(start + size, stream.count)])
                while let frame = try buffer.next() { arrived.append(try LinkReply(frame)) }
            }
            #expect(arrived == Self.replies, "in pieces of \(size)")
        }
    }

    @Test func aFrameThatIsCutShortIsAnError() {
        for frame in Self.requests.map(\.frame) {
            for end in 4..<frame.count {
                #expect(throws: FrameError.self) { try LinkRequest(frame[4..<end]) }
            }
        }
        for frame in Self.replies.map(\.frame) {
            for end in 4..<frame.count {
                #expect(throws: FrameError.self) { try LinkReply(frame[4..<end]) }
            }
        }
    }

    @Test func noBytesMakeMemoryGrowOrTheProcessEnd() {
        var random = SystemRandomNumberGenerator()
        let seed = random.next()
        var source = SeededGenerator(seed)
        for round in 0..<20_000 {
            var frame =
                round % 2 == 0
                ? Self.replies.randomElement(using: &source)!.frame
                : Self.requests.randomElement(using: &source)!.frame
            for _ in 0..<Int.random(in: 1...4, using: &source) {
                frame[Int.random(in: 4..<frame.count, using: &source)] = UInt8.random(
                    in: .min ... .max, using: &source)
            }
            // Whatever it is read as, it is no longer than it was.
            if let reply = try? LinkReply(frame.dropFirst(4)) {
                #expect(reply.frame.count <= frame.count + 16, "seed \(seed)")
            }
            _ = try? LinkRequest(frame.dropFirst(4))
        }
    }

    @Test func listsThatTakeMuchMemoryAreBounded() throws {
        func found(_ count: Int) -> ArraySlice<UInt8> {
            let some = (0..<count).map { LinkReply.Found(UInt64($0), .failed(.timeout)) }
            return LinkReply.found(id: 1, some, isLast: true).frame.dropFirst(4)
        }
        _ = try LinkReply(found(LinkReply.foundMax))
        #expect(throws: FrameError.self) { try LinkReply(found(LinkReply.foundMax + 1)) }
        func lookup(_ count: Int) -> ArraySlice<UInt8> {
            let keys = [[UInt8]](repeating: [], count: count)
            return LinkRequest.lookup(.init(id: 1, budgetMs: 1, function: [], keys: keys)).frame.dropFirst(4)
        }
        _ = try LinkRequest(lookup(LinkRequest.Lookup.keysMax))
        #expect(throws: FrameError.self) { try LinkRequest(lookup(LinkRequest.Lookup.keysMax + 1)) }
    }

    @Test func aLengthBeyondTheLimitIsRefusedBeforeItIsThere() {
        var buffer = FrameBuffer()
        buffer.append([0xff, 0xff, 0xff, 0x7f])
        #expect(throws: FrameError.self) { try buffer.next() }
    }
}
