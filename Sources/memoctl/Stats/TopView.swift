internal import MemoClient
internal import Platform

/// What `memoctl top` shows, and what its keys do. It draws lines and knows nothing of the screen.
struct TopView {
    enum Column: String, CaseIterable { case rate, ratio, entries, hits, misses, name }

    private enum Mode: Equatable {
        case normal
        case filtering
        case confirming(Rates.Row)
    }

    /// Points of the line that shows the hit ratio over time.
    private static let historyPoints = 60
    private static let pastPoints = 30

    private let client: BlockingClient
    /// A clear may have to wait for the disk.
    private let clearingClient: BlockingClient
    /// Whether versions of a function are one row.
    private let isGrouped: Bool
    private var snapshot: StatsSnapshot?
    private var taken = ContinuousClock.now
    private var rates: Rates?
    private var history: [Double?] = []
    /// The hit ratio in the hour before it started, in steps of two minutes.
    private var past: [Double?]?
    private var mode = Mode.normal
    private(set) var column = Column.rate
    private(set) var filter = ""
    private var selected = 0
    private var message = ""
    /// Whether the message says that the daemon does not answer.
    private var isAway = false
    /// Bytes of an arrow key that have come so far.
    private var escape: [UInt8] = []
    private(set) var isPaused = false
    private(set) var isOver = false

    /// - Parameter client: for the looks, while which no key does anything.
    init(_ client: BlockingClient, clearingBy clearingClient: BlockingClient, isGrouped: Bool) {
        self.client = client
        self.isGrouped = isGrouped
        self.clearingClient = clearingClient
    }

    /// Asks the daemon. A daemon that is away is shown as such, and asked again.
    mutating func poll() throws {
        do {
            let now = ContinuousClock.now
            let next = try StatsSnapshot.read(from: client, order: .name, limit: nil)
            if let snapshot {
                let rates = Rates(
                    from: snapshot, to: next, seconds: (now - taken) / .seconds(1), isGrouped: isGrouped)
                self.rates = rates
                history.append(rates.hitRatio)
                if history.count > Self.historyPoints { history.removeFirst() }
            } else {
                rates = Rates(from: next, to: next, seconds: 1, isGrouped: isGrouped)
            }
            if past == nil { past = try Self.past(client) }
            snapshot = next
            taken = now
            if isAway { message = "" }
            isAway = false
        } catch let error as MemoError {
            guard snapshot != nil else { throw error }
            message = TextEscaping.printable(error.message)
            isAway = true
        }
    }

    private static func past(_ client: BlockingClient) throws(MemoError) -> [Double?] {
        guard try client.has(.history) else { return [] }
        let history = try client.perform(.history(span: .seconds(3600), points: pastPoints))
        return history.points.map { point in
            let calls = point.hits + point.misses
            return calls > 0 ? Double(point.hits) / Double(calls) : nil
        }
    }

    /// The hit ratio over time: what was before, and what it has seen itself, as much as there is room for.
    private func sparkline(_ room: Int) -> String {
        let before = (past ?? []).drop { $0 == nil }
        guard !before.isEmpty else { return Sparkline.text(Array(history.suffix(max(0, room)))) }
        let line = Sparkline.text(Array(before)) + "│" + Sparkline.text(history)
        return String(line.suffix(max(0, room)))
    }

    mutating func press(_ key: UInt8) throws {
        if key == 0x1B || !escape.isEmpty {
            escape.append(key)
            if escape.count == 3 || (escape.count == 2 && key != UInt8(ascii: "[")) { arrow() }
            return
        }
        switch mode {
        case .filtering: editFilter(key)
        case .confirming(let row): try confirm(row, key)
        case .normal: command(key)
        }
    }

    func lines(for terminal: Terminal) -> [String] {
        guard let snapshot, let rates else { return [message] }
        let columns = terminal.size.columns
        let heading =
            "  \(Rates.text(rates.callsPerSecond)), hit ratio "
            + HumanFormat.ratio(rates.hits, of: rates.calls)
            + " now, \(HumanFormat.duration(rates.saved / rates.seconds)) saved a second  "
        let left = columns - DisplayWidth.of("memod" + heading)
        var lines = [terminal.styled("memod", .bold) + heading + sparkline(left), ""]
        lines += StatsReport(snapshot).summary(for: terminal)
        lines += tiers(snapshot, columns)
        if let get = snapshot.totals.object("latency_us")?.object("get") {
            let parts = [("p50", "p50"), ("p99", "p99"), ("p999", "p99.9")].compactMap { name, label in
                get.double(name).map { "\(label) \(HumanFormat.decimal($0, places: 1)) us" }
            }
            lines.append("get    " + parts.joined(separator: "  "))
        }
        lines.append("")
        let rows = visibleRows
        var table = Table([
            ("FUNCTION", .left), ("RATE", .right), ("RATIO", .right), ("ENTRIES", .right), ("HITS", .right),
            ("MISSES", .right),
        ])
        for row in rows {
            table.add([
                row.label, Rates.text(row.callsPerSecond),
                HumanFormat.ratio(row.totalHits, of: row.totalHits + row.totalMisses), "\(row.currsize)",
                "\(row.totalHits)", "\(row.totalMisses)",
            ])
        }
        // Without colours, a margin has the mark of the selected row.
        let margin = terminal.hasColour ? "" : "  "
        let drawn = table.lines(width: columns - margin.count) { terminal.styled($0, .bold) }
        let height = terminal.size.lines
        // Below it are at least the table's heading, some rows, and the keys.
        lines = Self.fit(lines, height - 2 - min(max(1, rows.count), Self.leastRows))
        if height > 2 { lines.append(margin + drawn[0]) }
        let room = max(1, height - lines.count - 1)
        let first = max(0, min(selected - room / 2, rows.count - room))
        for (index, line) in drawn.dropFirst().enumerated().dropFirst(first).prefix(room) {
            let marked = terminal.hasColour ? "\u{1B}[7m\(line)\u{1B}[0m" : "> " + line
            lines.append(index == selected ? marked : margin + line)
        }
        return lines + [footer(rows, columns)]
    }

    /// Rows of the table for which lines above it make room.
    private static let leastRows = 3

    /// The lines for which there is room: without the empty ones first, then without the last ones.
    private static func fit(_ lines: [String], _ room: Int) -> [String] {
        lines.count <= room ? lines : Array(lines.filter { !$0.isEmpty }.prefix(max(0, room)))
    }

    var visibleRows: [Rates.Row] {
        let rows = (rates?.rows ?? []).filter { filter.isEmpty || $0.name.contains(filter) }
        func ratio(_ row: Rates.Row) -> Double {
            Double(row.totalHits) / max(1, Double(row.totalHits) + Double(row.totalMisses))
        }
        switch column {
        case .rate: return rows
        case .ratio: return rows.sorted { ratio($0) > ratio($1) }
        case .entries: return rows.sorted { $0.currsize > $1.currsize }
        case .hits: return rows.sorted { $0.totalHits > $1.totalHits }
        case .misses: return rows.sorted { $0.totalMisses > $1.totalMisses }
        case .name: return rows.sorted { $0.name < $1.name }
        }
    }

    private func tiers(_ snapshot: StatsSnapshot, _ columns: Int) -> [String] {
        StatsReport(snapshot).shownTiers.map { name, tier in
            let bytes = tier.int("bytes") ?? 0
            let limit = max(1, tier.int("limit_bytes") ?? 1)
            let width = max(10, min(30, columns - 50))
            let filled = Int((min(1, Double(bytes) / Double(limit)) * Double(width)).rounded())
            let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
            return name + String(repeating: " ", count: 7 - name.count)
                + "[\(bar)] \(HumanFormat.bytes(bytes)) of "
                + "\(HumanFormat.bytes(limit)), \(tier.int("entries") ?? 0) entries"
        } + (StatsReport(snapshot).remote.map { ["remote " + $0] } ?? [])
    }

    private func footer(_ rows: [Rates.Row], _ columns: Int) -> String {
        switch mode {
        case .filtering: return "filter: \(TextEscaping.printable(filter))_  (Enter keeps it, Esc removes it)"
        case .confirming(let row):
            // An administrator's clear concerns all who have a function of the name.
            let versions = row.members.count > 1 ? " in \(row.members.count) versions" : ""
            let users = row.owner == nil ? "" : " of all users"
            return "clear \(TextEscaping.printable(row.name))\(versions)\(users)? y/n"
        case .normal:
            if !message.isEmpty { return message }
            let paused = isPaused ? "  PAUSED" : ""
            let shown = filter.isEmpty ? "" : "  filter \(TextEscaping.printable(filter))"
            let line =
                "\(HumanFormat.count(Int64(rows.count), "function", "functions")) by \(column.rawValue)\(shown)\(paused)   s sort  / filter  c clear  p pause  q quit"
            if DisplayWidth.of(line) <= columns { return line }
            // If not everything has room, how to leave is the most useful.
            return (isPaused ? "PAUSED " : "") + "q quit s sort / filter c clear p pause"
        }
    }

    /// Whether what has come so far may be only Escape, or the beginning of an arrow key.
    var isInEscape: Bool { !escape.isEmpty }

    /// Nothing followed: it was only Escape.
    mutating func endEscape() {
        if mode == .filtering { filter = "" }
        mode = .normal
        escape = []
    }

    private mutating func command(_ key: UInt8) {
        message = ""
        switch key {
        case UInt8(ascii: "q"), 0x04: isOver = true
        case UInt8(ascii: "p"): isPaused.toggle()
        case UInt8(ascii: "s"):
            let all = Column.allCases
            column = all[((all.firstIndex(of: column) ?? 0) + 1) % all.count]
        case UInt8(ascii: "/"): mode = .filtering
        case UInt8(ascii: "j"): move(1)
        case UInt8(ascii: "k"): move(-1)
        case UInt8(ascii: "c"):
            let rows = visibleRows
            if rows.indices.contains(selected) { mode = .confirming(rows[selected]) }
        default: break
        }
    }

    private mutating func editFilter(_ key: UInt8) {
        switch key {
        case 0x0A, 0x0D: mode = .normal
        case 0x7F, 0x08: if !filter.isEmpty { filter.removeLast() }
        case 0x20...0x7E: filter.append(Character(Unicode.Scalar(key)))
        default: break
        }
        selected = 0
    }

    private mutating func confirm(_ row: Rates.Row, _ key: UInt8) throws {
        mode = .normal
        guard key == UInt8(ascii: "y") else { return }
        do throws(MemoError) {
            var count: Int64 = 0
            for function in row.members { count += try clearingClient.perform(.clear(function: function)) }
            message =
                "cleared \(HumanFormat.count(count, "entry", "entries")) of \(TextEscaping.printable(row.name))"
        } catch {
            message = TextEscaping.printable("not cleared: \(error.message)")
        }
        try poll()
    }

    private mutating func arrow() {
        switch escape.last {
        case UInt8(ascii: "A"): move(-1)
        case UInt8(ascii: "B"): move(1)
        // A key that means nothing here.
        default: return endEscape()
        }
        escape = []
    }

    private mutating func move(_ step: Int) {
        selected = max(0, min(selected + step, visibleRows.count - 1))
    }
}
