internal import MemoClient
internal import Platform

/// A history as a chart for the terminal: look-ups as columns with the misses at their foot, then lines of small bars.
struct HistoryChart {
    private let history: HistoryReply
    private let columns: [HistoryReply.Point]
    private let terminal: Terminal

    private static let height = 8
    /// In front of the columns: a number and the axis.
    private static let margin = 9
    private static let eighths = Array("▁▂▃▄▅▆▇█")

    /// How many steps fit beside each other.
    static func steps(for terminal: Terminal) -> Int {
        max(10, min(terminal.isTerminal ? terminal.size.columns : 80, 200) - margin - 1)
    }

    init(_ history: HistoryReply, for terminal: Terminal) {
        self.history = history
        self.terminal = terminal
        columns = history.points
    }

    /// - Parameter title: what it is the history of.
    func lines(title: String) -> [String] {
        let hits = columns.reduce(0) { $0 + $1.hits }
        let misses = columns.reduce(0) { $0 + $1.misses }
        let saved = columns.reduce(0) { $0 + $1.savedMs }
        let evictions = columns.reduce(0) { $0 + $1.evictions }
        let sums =
            "\(HumanFormat.count(hits, "hit", "hits")), \(HumanFormat.count(misses, "miss", "misses")), "
            + "hit ratio \(HumanFormat.ratio(hits, of: hits + misses)), "
            + "\(HumanFormat.duration(milliseconds: saved)) of computing saved, \(evictions) evicted"
        let heading =
            "\(TextEscaping.printable(title)), a column each \(HumanFormat.duration(milliseconds: history.stepMs))"
        guard hits + misses > 0 else { return [terminal.styled(heading, .bold), "no look-ups in this time"] }
        let width = terminal.isTerminal ? terminal.size.columns : .max
        return [terminal.styled(heading, .bold)] + DisplayWidth.wrapped(sums, width) + [""] + lookups
            + [axis, times, ""] + small
    }

    /// Columns of look-ups. If there is colour the misses at the foot are yellow, else they are marked with `░`.
    private var lookups: [String] {
        let top = columns.map { $0.hits + $0.misses }.max() ?? 0
        guard top > 0 else { return [] }
        return (0..<Self.height).map { line in
            // Eighths of a line that lie below this one.
            let base = (Self.height - 1 - line) * 8
            let label =
                switch line {
                case 0: Self.short(top)
                case Self.height / 2: Self.short(top / 2)
                default: ""
                }
            let axis = label.isEmpty ? "│" : "┤"
            var text = Self.padded(label) + axis
            for column in columns {
                let all = Self.eighths(column.hits + column.misses, of: top)
                let missed = Self.eighths(column.misses, of: top)
                text += cell(all: all - base, missed: missed - base)
            }
            return Self.trimmed(text)
        }
    }

    /// One place of a column, of which this many eighths are filled.
    private func cell(all: Int, missed: Int) -> String {
        guard all > 0 else { return " " }
        let bar = String(Self.eighths[min(8, all) - 1])
        if missed >= min(8, all) { return terminal.hasColour ? terminal.styled(bar, .yellow) : "░" }
        return terminal.hasColour ? terminal.styled(bar, .green) : bar
    }

    private var axis: String { Self.padded("0") + "┼" + String(repeating: "─", count: columns.count) }

    /// When the first, the middle and the last step began.
    private var times: String {
        guard let first = columns.first, let last = columns.last else { return "" }
        let withDate = history.stepMs * Int64(columns.count) > 86_400_000
        let (left, right) = (
            WallClock.moment(first.at, withDate: withDate), WallClock.moment(last.at, withDate: withDate)
        )
        var text = String(repeating: " ", count: Self.margin) + left
        let middle = columns[columns.count / 2].at
        let center = WallClock.moment(middle, withDate: withDate)
        let place = Self.margin + columns.count / 2 - center.count / 2
        if columns.count >= 3 * (center.count + 2) {
            text += String(repeating: " ", count: max(1, place - text.count)) + center
        }
        let end = Self.margin + columns.count - right.count
        if end > text.count { text += String(repeating: " ", count: end - text.count) + right }
        return text
    }

    private var small: [String] {
        let ratios = columns.map { point -> Double? in
            let lookups = point.hits + point.misses
            return lookups > 0 ? Double(point.hits) / Double(lookups) : nil
        }
        let savedTop = Double(columns.map(\.savedMs).max() ?? 0)
        let saved = columns.map { savedTop > 0 && $0.savedMs > 0 ? Double($0.savedMs) / savedTop : nil }
        return [("ratio", ratios), ("saved", saved)].map { name, points in
            Self.trimmed(Self.padded(name) + "│" + Sparkline.text(points))
        }
    }

    private static func eighths(_ part: Int64, of whole: Int64) -> Int {
        guard part > 0 else { return 0 }
        return max(1, Int((Double(part) / Double(whole) * Double(height * 8)).rounded()))
    }

    private static func padded(_ label: String) -> String {
        String(repeating: " ", count: max(0, margin - 2 - label.count)) + label + " "
    }

    private static func trimmed(_ text: String) -> String {
        var text = text
        while text.last == " " { text.removeLast() }
        return text
    }

    /// `950`, `12.3k`, `4M`: for the axis.
    private static func short(_ count: Int64) -> String {
        var value = Double(count)
        for unit in ["", "k", "M", "G"] {
            if value < 1000 {
                return HumanFormat.decimal(value, places: value < 100 && unit != "" ? 1 : 0) + unit
            }
            value /= 1000
        }
        return HumanFormat.decimal(value, places: 0) + "T"
    }
}
