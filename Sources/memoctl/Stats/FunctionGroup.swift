internal import MemoClient

/// Functions that are shown as one: the versions of a name.
enum FunctionGroup {
    private static let counters = [
        "currsize", "bytes", "hits", "misses", "saved_ms", "evictions", "expirations", "verified",
        "mismatched",
        "remote_hits", "remote_misses",
    ]

    /// Rows with the versions of each name, of one owner, put together. A version stands under the name
    /// without one, unless that is another function.
    static func grouped(_ rows: [FunctionInfo]) throws(MemoError) -> [FunctionInfo] {
        struct Identity: Hashable {
            let base: String
            let owner: Int64?
        }
        var versions: [Identity: [FunctionInfo]] = [:]
        var order: [Identity] = []
        for row in rows {
            let version = FunctionVersion(row.name)
            let identity = Identity(base: version?.base ?? row.name, owner: row.owner)
            if versions[identity] == nil { order.append(identity) }
            versions[identity, default: []].append(row)
        }
        var grouped: [FunctionInfo] = []
        for identity in order {
            let all = versions[identity] ?? []
            let own = all.filter { FunctionVersion($0.name) == nil }
            let others = all.filter { FunctionVersion($0.name) != nil }
            grouped += own
            if !own.isEmpty, others.count == 1 {
                grouped += others
            } else if !others.isEmpty {
                // The name without a version may be another function's already.
                grouped.append(try sum(others, name: own.isEmpty ? identity.base : identity.base + "@*"))
            }
        }
        return grouped
    }

    /// The functions that a row stands for: itself, if it is none that was put together.
    static func members(of row: FunctionInfo) -> [FunctionInfo] {
        let versions =
            row.reply.list("versions")?.compactMap { try? FunctionInfo(Reply(parsing: $0.bytes)) } ?? []
        return versions.isEmpty ? [row] : versions
    }

    /// What functions have counted together, with the settings of the newest version.
    static func sum(_ rows: [FunctionInfo], name: String) throws(MemoError) -> FunctionInfo {
        let newest = rows.max { left, right in
            FunctionVersion.precedes(
                FunctionVersion(left.name)?.version ?? left.name,
                FunctionVersion(right.name)?.version ?? right.name)
        }
        var members = [("fn", JSONText(string: name))]
        for member in newest?.reply.names ?? [] where member != "fn" && member != "ok" {
            if counters.contains(member) {
                let total = rows.reduce(Int64(0)) {
                    $0.addingReportingOverflow($1.reply.int(member) ?? 0).partialValue
                }
                members.append((member, JSONText(total)))
            } else if let value = newest?.reply[member] {
                members.append((member, value))
            }
        }
        members.append(("versions", JSONText(joining: rows.map(\.reply.payload))))
        return try FunctionInfo(Reply(parsing: JSONText(members: members).bytes))
    }
}
