internal import MemoClient

/// The daemon's figures in the text format of OpenMetrics 1.0.
enum OpenMetrics {
    private enum Kind: String { case counter, gauge }

    static func text(of snapshot: StatsSnapshot) -> String {
        var text = ""
        functions(snapshot.functions, to: &text)
        totals(snapshot.totals, to: &text)
        return text + "# EOF\n"
    }

    private static func functions(_ functions: [FunctionInfo], to text: inout String) {
        func family(_ name: String, _ kind: Kind, _ help: String, _ value: (FunctionInfo) -> String?) {
            begin(name, kind, help, &text)
            for function in functions {
                guard let value = value(function) else { continue }
                // Without it, two users' functions of one name would be one series with two values.
                let owner = function.owner.map { ",uid=\"\($0)\"" } ?? ""
                text += "memod_\(name)\(kind == .counter ? "_total" : "")"
                text += "{fn=\"\(escaped(function.name))\"\(owner)} \(value)\n"
            }
        }
        family("hits", .counter, "Lookups that found a value.") { "\($0.hits)" }
        family("misses", .counter, "Lookups that found none.") { "\($0.misses)" }
        family("entries", .gauge, "Entries of the function in both tiers.") { "\($0.currsize)" }
        family("maxsize", .gauge, "The most entries that the function may have; absent where unbounded.") {
            $0.maxsize.map(String.init)
        }
        family("verified", .counter, "Hits that clients computed again.") { "\($0.verified)" }
        family("mismatched", .counter, "Verified hits that gave another result.") { "\($0.mismatched)" }
        family("saved_seconds", .counter, "Computing time that hits have saved.") { seconds($0.saved) }
    }

    private static func totals(_ totals: Reply, to text: inout String) {
        func single(_ name: String, _ kind: Kind, _ help: String, _ value: Int64?) {
            guard let value else { return }
            begin(name, kind, help, &text)
            text += "memod_\(name)\(kind == .counter ? "_total" : "") \(value)\n"
        }
        single("lookup_hits", .counter, "Hits of all functions, forgotten ones included.", totals.int("hits"))
        single(
            "lookup_misses", .counter, "Misses of all functions, forgotten ones included.",
            totals.int("misses"))
        single(
            "verified_hits", .counter, "Verified hits of all functions, forgotten ones included.",
            totals.int("verified"))
        single(
            "mismatched_hits", .counter, "Mismatches of all functions, forgotten ones included.",
            totals.int("mismatched"))
        single("evictions", .counter, "Entries that had to make room.", totals.int("evictions"))
        single("expirations", .counter, "Entries whose time was over.", totals.int("expirations"))
        single("connections", .gauge, "Connected clients.", totals.int("connections"))
        single(
            "degraded", .gauge, "1 while the disk takes nothing.", totals.bool("degraded").map { $0 ? 1 : 0 })
        if let uptime = totals.int("uptime_ms") {
            begin("uptime_seconds", .gauge, "Time since the daemon started.", &text)
            text += "memod_uptime_seconds \(seconds(.milliseconds(uptime)))\n"
        }
        func tiers(_ name: String, _ member: String, _ kind: Kind, _ help: String) {
            begin(name, kind, help, &text)
            for tier in ["hot", "cold"] {
                guard let value = totals.object(tier)?.int(member) else { continue }
                text += "memod_\(name)\(kind == .counter ? "_total" : ""){tier=\"\(tier)\"} \(value)\n"
            }
        }
        tiers("tier_entries", "entries", .gauge, "Entries in a tier.")
        tiers("tier_bytes", "bytes", .gauge, "Bytes that a tier's entries take.")
        tiers("tier_limit_bytes", "limit_bytes", .gauge, "A tier's budget.")
        tiers("tier_hits", "hits", .counter, "Hits that a tier served.")
        latencies(totals, to: &text)
    }

    private static func latencies(_ totals: Reply, to text: inout String) {
        guard let latencies = totals.object("latency_us"), !latencies.names.isEmpty else { return }
        begin("latency_seconds", .gauge, "Time from a request's arrival to its reply, by quantile.", &text)
        for operation in latencies.names {
            guard let latency = latencies.object(operation) else { continue }
            for (member, quantile) in [("p50", "0.5"), ("p99", "0.99"), ("p999", "0.999")] {
                guard let value = latency.double(member) else { continue }
                text +=
                    "memod_latency_seconds{op=\"\(escaped(operation))\",quantile=\"\(quantile)\"} \(value / 1e6)\n"
            }
        }
    }

    private static func begin(_ name: String, _ kind: Kind, _ help: String, _ text: inout String) {
        text += "# HELP memod_\(name) \(help)\n# TYPE memod_\(name) \(kind.rawValue)\n"
    }

    private static func seconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        return "\(Double(seconds) + Double(attoseconds) / 1e18)"
    }

    /// Label values escape the backslash, the quote and the line feed, and nothing else.
    private static func escaped(_ label: String) -> String {
        var escaped = ""
        for scalar in label.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
