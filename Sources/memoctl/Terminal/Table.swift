internal import Platform

/// Rows in aligned columns under a line of headings, two spaces apart.
struct Table {
    enum Alignment { case left, right }

    struct Column {
        let heading: String
        let alignment: Alignment
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    init(_ columns: [(String, Alignment)]) {
        self.columns = columns.map { Column(heading: $0.0, alignment: $0.1) }
    }

    /// - Parameter row: a cell a column.
    mutating func add(_ row: [String]) {
        precondition(row.count == columns.count)
        // A line feed within a name must not look like another row, wherever the table goes.
        rows.append(row.map { TextEscaping.printable($0) })
    }

    var isEmpty: Bool { rows.isEmpty }

    /// What the first column is cut to at least, before columns are left out.
    private static let leastFirst = 12
    /// To what the first column is padded if nothing is cut: one long name must not push all figures away.
    private static let mostPadding = 48

    /// The lines of the table.
    /// - Parameters:
    ///   - width: the first column is cut so that lines fit, and if that is not enough the last ones are left
    ///     out; `nil`: nothing is cut.
    ///   - heading: how the first line is written.
    func lines(width: Int?, heading: (String) -> String) -> [String] {
        var widths = columns.map { DisplayWidth.of($0.heading) }
        for row in rows {
            for (index, cell) in row.enumerated() {
                widths[index] = max(widths[index], DisplayWidth.of(cell))
            }
        }
        if let width {
            let first = min(widths[0], Self.leastFirst)
            while widths.count > 2, first + Self.taken(widths.dropFirst()) > width { widths.removeLast() }
            widths[0] = max(first, min(widths[0], width - Self.taken(widths.dropFirst())))
        } else {
            let short = (rows.map { $0[0] } + [columns[0].heading]).map { DisplayWidth.of($0) }
            widths[0] = short.filter { $0 <= Self.mostPadding }.max() ?? 0
        }
        let isCut = width != nil
        return [heading(line(columns.map(\.heading), widths, isCut))] + rows.map { line($0, widths, isCut) }
    }

    private static func taken(_ widths: ArraySlice<Int>) -> Int { widths.reduce(0) { $0 + $1 + 2 } }

    /// The table for standard output: cut to the terminal's width if it is one.
    func text(for terminal: Terminal) -> String {
        lines(width: terminal.isTerminal ? terminal.size.columns : nil) { terminal.styled($0, .bold) }
            .joined(separator: "\n")
    }

    private func line(_ cells: [String], _ widths: [Int], _ isCut: Bool) -> String {
        var line = ""
        for (index, cell) in cells.prefix(widths.count).enumerated() {
            let fitted = index == 0 && isCut ? DisplayWidth.fit(cell, widths[0]) : cell
            let padding = String(repeating: " ", count: max(0, widths[index] - DisplayWidth.of(fitted)))
            if index > 0 { line += "  " }
            line += columns[index].alignment == .left ? fitted + padding : padding + fitted
        }
        while line.last == " " { line.removeLast() }
        return line
    }
}
