import Foundation
import MemoWire
import Testing

/// The dearest requests that there are, by operation.
struct DearRequest: CustomTestStringConvertible, Sendable {
    let operation: MemoWire.Operation
    let what: String
    /// What each of some connections sends over and over.
    let lines: [String]
    /// What is there before: sent again before each round.
    var setUp: [String] = []
    var reads = true
    var connections = 4
    /// What was there before is not, once it was asked for.
    var isUsedUp: Bool { [.clear, .forget, .define].contains(operation) }

    var testDescription: String { "\(operation): \(what)" }

    private init(
        _ operation: MemoWire.Operation, _ what: String, _ lines: [String], setUp: [String] = [],
        reads: Bool = true, connections: Int = 4
    ) {
        self.operation = operation
        self.what = what
        self.lines = lines
        self.setUp = setUp
        self.reads = reads
        self.connections = connections
    }

    private static func request(_ operation: MemoWire.Operation, _ members: String = "") -> String {
        "{\"op\":\"\(operation.rawValue)\"\(members.isEmpty ? "" : ",")\(members)}"
    }

    private static func text(_ count: Int, of letter: String = "x") -> String {
        "\"" + String(repeating: letter, count: count) + "\""
    }

    private static func mput(_ function: String, _ keys: Range<Int>, _ more: (Int) -> String = { _ in "" })
        -> String
    {
        let entries = keys.map { "{\"key\":\($0),\"value\":\($0)\(more($0))}" }
        return request(.mput, "\"fn\":\"\(function)\",\"entries\":[\(entries.joined(separator: ","))]")
    }

    /// A function with this many entries.
    private static func filled(_ function: String, _ count: Int, _ more: String = "") -> [String] {
        stride(from: 0, to: count, by: 1000).map { mput(function, $0..<min($0 + 1000, count)) { _ in more } }
    }

    /// This many functions with an entry each.
    private static func functions(_ prefix: String, _ count: Int) -> [String] {
        (0..<count).map { request(.put, "\"fn\":\"\(prefix)\($0)\",\"key\":1,\"value\":1") }
    }

    private static func tags(_ prefix: String, _ count: Int = 16) -> String {
        "\"tags\":[" + (0..<count).map { "\"\(prefix).\($0)\"" }.joined(separator: ",") + "]"
    }

    private static let entries = 50_000
    /// Members that are not in order.
    private static let members =
        "{"
        + (0..<80_000).map { "\"\(String(format: "%06d", $0 * 7919 % 1_000_000))\":1" }.joined(separator: ",")
        + "}"
    /// What takes longest to compare with names of the letter a.
    private static let pattern = String(repeating: "a*", count: 255) + "b"
    private static let longNames = (0..<300).map {
        request(.put, "\"fn\":\"\(String(repeating: "a", count: 500))\($0)\",\"key\":1,\"value\":1")
    }
    private static let large = request(.put, "\"fn\":\"large\",\"key\":1,\"value\":\(text(15_000_000))")
    private static let sixtyKB = (0..<50).map {
        request(.put, "\"fn\":\"x\",\"key\":\($0),\"value\":\(text(60_000, of: "\($0 % 10)"))")
    }
    private static let manyKeys = request(
        .mget, "\"fn\":\"x\",\"keys\":[\((0..<1000).map { "\($0 % 50)" }.joined(separator: ","))]")
    private static let leases = (0..<2000).map {
        request(.get, "\"fn\":\"leased\",\"key\":\($0),\"lease_ms\":600000")
    }

    static func all(in home: Home) -> [DearRequest] {
        keys + values + many + clears + listings + [
            DearRequest(.ping, "thousands", Array(repeating: request(.ping), count: 5000)),
            DearRequest(
                .hello, "with long names",
                Array(repeating: request(.hello, "\"client\":\(text(200))"), count: 500)),
            DearRequest(
                .subscribe, "to all, by many who do not read", [request(.subscribe)], reads: false,
                connections: 200),
            DearRequest(
                .subscribe, "to long names",
                (0..<1024).map {
                    request(.subscribe, "\"fn\":\"\(String(repeating: "s", count: 500))\($0)\"")
                }),
            DearRequest(.sync, "pipelined", Array(repeating: request(.sync), count: 300)),
            DearRequest(
                .backup, "over and over",
                [request(.backup, "\"path\":\"\(home.path)/backup\"")], setUp: filled("big", entries)),
            DearRequest(.map, "over and over", Array(repeating: request(.map), count: 100)),
            DearRequest(
                .report, "pipelined",
                Array(repeating: request(.report, "\"fn\":\"r\",\"hits\":1"), count: 2000)),
        ]
    }

    private static let keys = [
        DearRequest(.get, "string of 1 MB", [request(.get, "\"fn\":\"x\",\"key\":\(text(1_040_000))")]),
        DearRequest(.get, "80,000 members", [request(.get, "\"fn\":\"x\",\"key\":\(members)")]),
        DearRequest(
            .get, "small keys that are rewritten",
            Array(
                repeating: request(.get, "\"fn\":\"x\",\"key\":{\"b\":[1.50,2.0],\"a\":\"\\u00e9\"}"),
                count: 3000)),
        DearRequest(
            .get, "511 deep",
            Array(
                repeating: request(
                    .get,
                    "\"fn\":\"x\",\"key\":\(String(repeating: "[", count: 510))\(String(repeating: "]", count: 510))"
                ),
                count: 200)),
        DearRequest(
            .get, "a million digits",
            [request(.get, "\"fn\":\"x\",\"key\":\(String(repeating: "7", count: 1_000_000)).10")]),
        DearRequest(
            .get, "16 MB of unknown members",
            [
                request(
                    .get,
                    "\"fn\":\"x\",\"key\":1," + (0..<1_000_000).map { "\"u\($0)\":1" }.joined(separator: ","))
            ]),
        DearRequest(.why, "string of 1 MB", [request(.why, "\"fn\":\"x\",\"key\":\(text(1_040_000))")]),
        DearRequest(.delete, "80,000 members", [request(.delete, "\"fn\":\"x\",\"key\":\(members)")]),
        DearRequest(
            .release, "string of 1 MB",
            [request(.release, "\"fn\":\"x\",\"key\":\(text(1_040_000)),\"lease\":\(text(32, of: "a"))")]),
        DearRequest(.get, "leases, ended by a clear", leases + [request(.clear, "\"fn\":\"leased\"")]),
    ]

    private static let values = [
        DearRequest(.put, "15 MB", [large]),
        DearRequest(
            .get, "15 MB", Array(repeating: request(.get, "\"fn\":\"large\",\"key\":1"), count: 4),
            setUp: [large]),
        DearRequest(
            .get, "15 MB, with what is known of it",
            Array(repeating: request(.get, "\"fn\":\"large\",\"key\":1,\"meta\":true"), count: 4),
            setUp: [large]),
        DearRequest(
            .why, "15 MB", Array(repeating: request(.why, "\"fn\":\"large\",\"key\":1"), count: 4),
            setUp: [large]),
        DearRequest(
            .touch, "15 MB",
            Array(repeating: request(.touch, "\"fn\":\"large\",\"key\":1,\"ttl_ms\":1000000"), count: 4),
            setUp: [large]),
        DearRequest(
            .put, "in the place of very many",
            [request(.put, "\"fn\":\"b\",\"key\":1,\"value\":\(text(7_900_000))")],
            setUp: [request(.define, "\"fn\":\"b\",\"max_bytes\":8000000")] + filled("b", entries)),
        DearRequest(
            .put, "with new tags",
            (0..<500).map { request(.put, "\"fn\":\"t\",\"key\":\($0 % 50),\"value\":1,\(tags("new\($0)"))") }
        ),
        DearRequest(
            .put, "of new names", (0..<500).map { request(.put, "\"fn\":\"new\($0)\",\"key\":1,\"value\":1") }
        ),
    ]

    private static let many = [
        DearRequest(.mget, "60 MB", [manyKeys], setUp: sixtyKB),
        DearRequest(.mget, "60 MB, unread", [manyKeys], setUp: sixtyKB, reads: false, connections: 12),
        DearRequest(
            .mput, "1000 entries of 16 tags", [mput("t", 0..<1000) { _ in ",\(tags("m"))" }]),
        DearRequest(
            .mput, "of 16 MB",
            [
                request(
                    .mput,
                    "\"fn\":\"x\",\"entries\":["
                        + (0..<500).map { "{\"key\":\($0),\"value\":\(text(32_000, of: "\($0 % 10)"))}" }
                        .joined(separator: ",") + "]")
            ]),
    ]

    private static let clears = [
        DearRequest(.clear, "function", [request(.clear, "\"fn\":\"big\"")], setUp: filled("big", entries)),
        DearRequest(
            .clear, "tag", [request(.clear, "\"tag\":\"t\"")],
            setUp: filled("big", entries, ",\"tags\":[\"t\"]")),
        DearRequest(.clear, "all", [request(.clear, "\"all\":true")], setUp: functions("f", 5000)),
        DearRequest(
            .clear, "pattern", [request(.clear, "\"pattern\":\"\(pattern)\"")],
            setUp: longNames + functions("f", 5000)),
        DearRequest(
            .forget, "pattern", [request(.forget, "\"pattern\":\"f*\"")], setUp: functions("f", 5000)),
        DearRequest(
            .define, "smaller maxsize",
            [
                request(.define, "\"fn\":\"big\",\"maxsize\":10"),
                request(.define, "\"fn\":\"big\",\"maxsize\":null"),
            ],
            setUp: filled("big", entries)),
        DearRequest(
            .define, "typed and persist, over and over",
            ["true", "false"].flatMap {
                [
                    request(.define, "\"fn\":\"big\",\"typed\":\($0)"),
                    request(.define, "\"fn\":\"big\",\"persist\":\($0)"),
                ]
            }, setUp: filled("big", entries)),
    ]

    private static let listings = [
        DearRequest(
            .functions, "all", Array(repeating: request(.functions, "\"limit\":1000"), count: 3),
            setUp: functions("f", 5000)),
        DearRequest(
            .functions, "pattern", [request(.functions, "\"pattern\":\"\(pattern)\"")],
            setUp: longNames + functions("f", 5000)),
        DearRequest(
            .stats, "of many functions", Array(repeating: request(.stats), count: 20),
            setUp: functions("f", 5000)),
        DearRequest(.info, "pipelined", Array(repeating: request(.info, "\"fn\":\"f1\""), count: 2000)),
        DearRequest(
            .keys, "of a function with few",
            Array(repeating: request(.keys, "\"fn\":\"few\",\"limit\":1000"), count: 3),
            setUp: filled("big", entries) + filled("few", 10)),
        DearRequest(
            .keys, "of one with many",
            Array(repeating: request(.keys, "\"fn\":\"big\",\"limit\":1000"), count: 3),
            setUp: filled("big", entries)),
        DearRequest(
            .history, "2000 points",
            Array(repeating: request(.history, "\"points\":2000,\"span_ms\":99999999999"), count: 3)),
        DearRequest(.advise, "all", Array(repeating: request(.advise), count: 5)),
    ]
}
