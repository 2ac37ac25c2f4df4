internal import MemoClient

/// Metrics of one name.
struct MetricFamily {
    enum Kind: String { case counter, gauge, summary }

    typealias Labels = [(name: String, value: String)]

    /// Without the prefix of all and the end of counters.
    let name: String
    let kind: Kind
    let help: String
    /// Values as they are written.
    var samples: [(labels: Labels, value: String)] = []

    static func all(of snapshot: Snapshot) -> [MetricFamily] {
        let families =
            functions(snapshot.functions) + totals(snapshot.totals) + tiers(snapshot.totals)
            + remote(snapshot.totals) + latencies(snapshot.totals)
        return families.filter { !$0.samples.isEmpty }
    }

    private static func functions(_ functions: [FunctionInfo]) -> [MetricFamily] {
        func family(_ name: String, _ kind: Kind, _ help: String, _ value: (FunctionInfo) -> String?)
            -> MetricFamily
        {
            var family = MetricFamily(name: name, kind: kind, help: help)
            for function in functions {
                guard let value = value(function) else { continue }
                // Without it, two users' functions of one name would be one series with two values.
                let owner = function.reply.int("uid").map { [(name: "uid", value: "\($0)")] } ?? []
                family.samples.append(([(name: "fn", value: function.name)] + owner, value))
            }
            return family
        }
        return [
            family("hits", .counter, "Look-ups that found a value.") { "\($0.hits)" },
            family("misses", .counter, "Look-ups that found none.") { "\($0.misses)" },
            family("entries", .gauge, "Entries of the function in both tiers.") { "\($0.currsize)" },
            family("maxsize", .gauge, "The most entries that the function may have; absent if unbounded.") {
                $0.maxsize.map(String.init)
            },
            family("verified", .counter, "Hits that clients computed again.") { "\($0.verified)" },
            family("mismatched", .counter, "Verified hits that gave another result.") { "\($0.mismatched)" },
            family("saved_seconds", .counter, "Computing time that hits have saved.") { seconds($0.saved) },
        ]
    }

    private static func totals(_ totals: Reply) -> [MetricFamily] {
        func single(_ name: String, _ kind: Kind, _ help: String, _ value: String?) -> MetricFamily {
            MetricFamily(name: name, kind: kind, help: help, samples: value.map { [([], $0)] } ?? [])
        }
        func number(_ name: String) -> String? { totals.int(name).map(String.init) }
        let uptime = totals.int("uptime_ms").map { seconds(.milliseconds($0)) }
        let degraded = totals.bool("degraded").map { $0 ? "1" : "0" }
        return [
            single(
                "lookup_hits", .counter, "Hits of all functions, forgotten ones included.", number("hits")),
            single(
                "lookup_misses", .counter, "Misses of all functions, forgotten ones included.",
                number("misses")),
            single(
                "verified_hits", .counter, "Verified hits of all functions, forgotten ones included.",
                number("verified")),
            single(
                "mismatched_hits", .counter, "Mismatches of all functions, forgotten ones included.",
                number("mismatched")),
            single("evictions", .counter, "Entries that had to make room.", number("evictions")),
            single("expirations", .counter, "Entries whose time was over.", number("expirations")),
            single("connections", .gauge, "Connected clients.", number("connections")),
            single("degraded", .gauge, "1 while the disk takes nothing.", degraded),
            single("uptime_seconds", .gauge, "Time since the daemon started.", uptime),
        ]
    }

    private static func tiers(_ totals: Reply) -> [MetricFamily] {
        [
            ("tier_entries", "entries", .gauge, "Entries in a tier."),
            ("tier_bytes", "bytes", .gauge, "Bytes that a tier's entries take."),
            ("tier_limit_bytes", "limit_bytes", .gauge, "A tier's budget."),
            ("tier_hits", "hits", Kind.counter, "Hits that a tier served."),
        ].map { name, member, kind, help in
            var family = MetricFamily(name: name, kind: kind, help: help)
            for tier in ["hot", "cold", "region"] {
                guard let figures = totals.object(tier), figures.bool("enabled") != false,
                    let value = figures.int(member)
                else { continue }
                family.samples.append(([(name: "tier", value: tier)], "\(value)"))
            }
            return family
        }
    }

    /// The tier on other machines, if it is on.
    private static func remote(_ totals: Reply) -> [MetricFamily] {
        guard let remote = totals.object("remote"), let state = remote.string("state"), state != "off" else {
            return []
        }
        let up = MetricFamily(
            name: "remote_up", kind: .gauge, help: "1 while the tier on other machines answers.",
            samples: [([], state == "up" ? "1" : "0")])
        return [up]
            + [
                ("hits", "Look-ups that it answered with a value."),
                ("misses", "Look-ups that found none there."),
                ("timeouts", "Look-ups that it did not answer in time."),
                ("errors", "Requests that failed."), ("puts", "Results stored there."),
                ("puts_dropped", "Results that could not be stored there."),
            ].map { member, help in
                MetricFamily(
                    name: "remote_\(member)", kind: .counter, help: help,
                    samples: remote.int(member).map { [([], "\($0)")] } ?? [])
            }
    }

    private static func latencies(_ totals: Reply) -> [MetricFamily] {
        guard let latencies = totals.object("latency_us") else { return [] }
        var family = MetricFamily(
            name: "latency_seconds", kind: .summary, help: "Time from a request's arrival to its reply.")
        for operation in latencies.names {
            guard let latency = latencies.object(operation) else { continue }
            for (member, quantile) in [("p50", "0.5"), ("p99", "0.99"), ("p999", "0.999")] {
                guard let value = latency.double(member) else { continue }
                family.samples.append(
                    ([(name: "op", value: operation), (name: "quantile", value: quantile)], "\(value / 1e6)"))
            }
        }
        return [family]
    }

    private static func seconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        return "\(Double(seconds) + Double(attoseconds) / 1e18)"
    }
}
