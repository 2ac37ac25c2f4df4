internal import MemoClient

/// The daemon's figures for a person, at 80 columns.
struct StatsReport {
    private let snapshot: StatsSnapshot
    private let details: Bool
    private var totals: Reply { snapshot.totals }

    init(_ snapshot: StatsSnapshot, details: Bool = false) {
        self.snapshot = snapshot
        self.details = details
    }

    func lines(for terminal: Terminal) -> [String] {
        var lines = summary(for: terminal).flatMap { line in
            terminal.isTerminal ? WordWrap.lines(line, width: max(20, terminal.size.columns)) : [line]
        }
        // Who shares the daemon with others is not told.
        if !tiers.isEmpty {
            lines += [""] + tiers.text(for: terminal).split(separator: "\n").map(String.init)
        }
        if let remote { lines.append("other machines: \(remote)") }
        if details { lines += detailLines(for: terminal) }
        if !snapshot.functions.isEmpty {
            lines +=
                [""]
                + FunctionTable.text(snapshot.functions, for: terminal).split(separator: "\n").map(
                    String.init)
        }
        return lines
    }

    func summary(for terminal: Terminal) -> [String] {
        let hits = totals.int("hits") ?? 0
        let misses = totals.int("misses") ?? 0
        var lines = [
            "\(HumanFormat.count(hits, "hit", "hits")), \(HumanFormat.count(misses, "miss", "misses")), "
                + "hit ratio \(HumanFormat.ratio(hits, of: hits + misses)), "
                + "\(time("saved_ms")) of computing saved",
            "\(HumanFormat.count(totals.int("currsize") ?? 0, "entry", "entries")), \(number("evictions")) evicted, \(number("expirations")) expired; "
                + "up \(time("uptime_ms")), \(HumanFormat.count(totals.int("connections") ?? 0, "connection", "connections"))",
        ]
        if let verified = totals.int("verified"), verified > 0 {
            let differing = totals.int("mismatched") ?? 0
            let line = "\(HumanFormat.count(verified, "hit", "hits")) verified, \(differing) differed"
            lines.append(differing > 0 ? terminal.styled(line, .red) : line)
        }
        if totals.bool("degraded") ?? false {
            lines.append(
                terminal.styled("degraded: the disk takes nothing at the moment; see memod's log", .red))
        }
        return lines
    }

    private var tiers: Table {
        var table = Table([
            ("TIER", .left), ("ENTRIES", .right), ("BYTES", .right), ("LIMIT", .right), ("FULL", .right),
            ("HITS", .right), ("PENDING", .right),
        ])
        for (name, tier) in shownTiers {
            let bytes = tier.int("bytes") ?? 0
            let limit = tier.int("limit_bytes") ?? 0
            table.add([
                name, "\(tier.int("entries") ?? 0)", HumanFormat.bytes(bytes), HumanFormat.bytes(limit),
                HumanFormat.ratio(bytes, of: limit), "\(tier.int("hits") ?? 0)",
                tier.int("pending").map(String.init) ?? "-",
            ])
        }
        return table
    }

    /// Those of which there is something to say: nothing is published in shared memory before a client has asked.
    var shownTiers: [(name: String, figures: Reply)] {
        ["hot", "cold", "region"].compactMap { name in
            guard let tier = totals.object(name) else { return nil }
            guard name != "region" || (tier.int("clients") ?? 0) > 0 || (tier.int("hits") ?? 0) > 0 else {
                return nil
            }
            return (name, tier)
        }
    }

    /// The tier on other machines, if it is on.
    var remote: String? {
        guard let remote = totals.object("remote"), let state = remote.string("state"), state != "off" else {
            return nil
        }
        func number(_ name: String) -> Int64 { remote.int(name) ?? 0 }
        return
            "\(state), \(number("hits")) hits, \(number("misses")) misses, \(number("timeouts")) timeouts, "
            + "\(number("errors")) errors"
    }

    private func detailLines(for terminal: Terminal) -> [String] {
        var lines: [String] = []
        if let interning = totals.object("interning") {
            lines.append(
                "sharing: \(HumanFormat.count(interning.int("values") ?? 0, "value", "values")) for "
                    + "\(HumanFormat.count(interning.int("references") ?? 0, "entry", "entries")), "
                    + "\(HumanFormat.bytes(interning.int("saved_bytes") ?? 0)) saved")
        }
        if let pool = totals.object("pool") {
            lines.append(
                "buffers: \(pool.int("in_use") ?? 0) in use, \(pool.int("idle") ?? 0) idle, "
                    + HumanFormat.bytes(pool.int("bytes") ?? 0))
        }
        if let latencies = totals.object("latency_us"), !latencies.names.isEmpty {
            var table = Table([("OPERATION", .left), ("P50", .right), ("P99", .right), ("P99.9", .right)])
            for operation in latencies.names {
                guard let latency = latencies.object(operation) else { continue }
                table.add([operation] + ["p50", "p99", "p999"].map { microseconds(latency.double($0)) })
            }
            lines += [""] + table.text(for: terminal).split(separator: "\n").map(String.init)
        }
        return lines.isEmpty ? [] : [""] + lines
    }

    private func microseconds(_ value: Double?) -> String {
        guard let value else { return "-" }
        return value < 1 ? "< 1 us" : HumanFormat.duration(.nanoseconds(Int64(min(value * 1000, 1e18))))
    }

    private func number(_ name: String) -> String { "\(totals.int(name) ?? 0)" }
    private func time(_ name: String) -> String { HumanFormat.duration(milliseconds: totals.int(name) ?? 0) }
}
