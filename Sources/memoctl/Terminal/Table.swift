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

    /// The lines of the table.
    /// - Parameters:
    ///   - width: the first column is cut so that lines fit; `nil`: nothing is cut.
    ///   - heading: how the first line is written.
    func lines(width: Int?, heading: (String) -> String) -> [String] {
        var widths = columns.map { DisplayWidth.of($0.heading) }
        for row in rows {
            for (index, cell) in row.enumerated() {
                widths[index] = max(widths[index], DisplayWidth.of(cell))
            }
        }
        if let width {
            let rest = widths.dropFirst().reduce(0) { $0 + $1 + 2 }
            widths[0] = max(min(widths[0], width - rest), min(widths[0], 12))
        }
        return [heading(line(columns.map(\.heading), widths))] + rows.map { line($0, widths) }
    }

    /// The table for standard output: cut to the terminal's width where it is one.
    func text(for terminal: Terminal) -> String {
        lines(width: terminal.isTerminal ? terminal.size.columns : nil) { terminal.styled($0, .bold) }
            .joined(separator: "\n")
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            let fitted = index == 0 ? DisplayWidth.fit(cell, widths[0]) : cell
            let padding = String(repeating: " ", count: max(0, widths[index] - DisplayWidth.of(fitted)))
            if index > 0 { line += "  " }
            line += columns[index].alignment == .left ? fitted + padding : padding + fitted
        }
        while line.last == " " { line.removeLast() }
        return line
    }
}
