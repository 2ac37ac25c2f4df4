internal import Glibc
internal import MemoClient
internal import MemoWire
internal import Platform

/// Which functions a name on the command line means.
enum FunctionChoice {
    /// The function of that name.
    case one(FunctionInfo)
    /// All versions of a name without one, or all that a pattern matches.
    case several([FunctionInfo])
    case none

    private static let suggestionsMax = 3

    /// - Parameter isExact: whether the name is meant as it stands.
    init(_ name: String, isExact: Bool = false, _ client: BlockingClient) throws {
        // A pattern matches itself.
        let rows = try Self.functions(matching: name, client)
        let exact = rows.filter { $0.name == name }
        if let only = exact.first, exact.count == 1, only.owner.map({ $0 == Int64(geteuid()) }) ?? true {
            self = .one(only)
        } else if !exact.isEmpty {
            // To an administrator: of several users, or of another one.
            self = .several(exact)
        } else if isExact {
            self = .none
        } else if !rows.isEmpty {
            self = .several(rows)
        } else {
            let pattern = name + "@*"
            // A longer name has no room for a version.
            let versions =
                pattern.utf8.count > WireLimits.functionBytes
                ? []
                : try Self.functions(matching: pattern, client).filter {
                    FunctionVersion($0.name)?.base == name
                }
            self = versions.isEmpty ? .none : .several(versions)
        }
    }

    /// Throws if there is no such function, with those that may have been meant.
    static func require(_ name: String, isExact: Bool = true, _ client: BlockingClient) throws {
        if case .none = try FunctionChoice(name, isExact: isExact, client) {
            throw try notFound(name, client)
        }
    }

    static func notFound(_ name: String, _ client: BlockingClient) throws -> NotFound {
        NotFound(try absence(of: name, client))
    }

    /// Says that there is no such function, and which names are near it.
    static func absence(of name: String, _ client: BlockingClient) throws -> String {
        let names = Set(try functions(matching: "*", client).map(\.name))
        let near = nearest(to: name, among: names)
        let hint =
            near.isEmpty
            ? names.isEmpty ? "; there are none yet" : "; memoctl functions lists all"
            : "; did you mean " + near.map { TextEscaping.printable($0) }.joined(separator: ", ") + "?"
        let isPattern = name.contains("*") || name.contains("?")
        return (isPattern ? "no function matches" : "there is no function")
            + " \"\(TextEscaping.shown(name))\"\(hint)"
    }

    /// The names that are the fewest slips away, and those that contain it.
    static func nearest(to name: String, among names: some Sequence<String>) -> [String] {
        let wanted = Array(name.lowercased().utf8.prefix(200))
        let limit = max(2, wanted.count / 3)
        var near: [(distance: Int, name: String)] = []
        for candidate in names {
            let simple = candidate.lowercased()
            let distance = NameSuggestion.distance(wanted, Array(simple.utf8.prefix(200)))
            if distance <= limit {
                near.append((distance, candidate))
            } else if wanted.count >= 3, simple.contains(name.lowercased()) {
                near.append((limit + 1, candidate))
            }
        }
        near.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
        return near.prefix(suggestionsMax).map(\.name)
    }

    private static func functions(matching pattern: String, _ client: BlockingClient) throws -> [FunctionInfo]
    {
        try Listing.read(limit: nil, after: nil) { limit, after in
            try client.perform(.functions(limit: limit, after: after, pattern: pattern))
        }.rows
    }
}
