/// How far a long command has come, on standard error if that is a terminal.
struct ProgressBar {
    private let label: String
    private var total: Int64
    private let terminal: Terminal
    private var lastDrawn: ContinuousClock.Instant?

    /// - Parameter total: of what `update` is told; 0: not known.
    init(_ label: String, total: Int64 = 0, terminal: Terminal = .standardError) {
        self.label = label
        self.total = total
        self.terminal = terminal
    }

    /// Draws at most ten times a second.
    mutating func update(_ done: Int64) {
        guard terminal.isTerminal else { return }
        let now = ContinuousClock.now
        if let lastDrawn, now - lastDrawn < .milliseconds(100) { return }
        lastDrawn = now
        draw(line(done, columns: terminal.size.columns))
    }

    mutating func update(_ done: Int64, of total: Int64) {
        self.total = total
        update(done)
    }

    /// Removes the bar.
    func finish() {
        if lastDrawn != nil { draw("") }
    }

    func line(_ done: Int64, columns: Int) -> String {
        guard total > 0 else { return "\(label) \(done)" }
        let share = min(1, Double(done) / Double(total))
        let percent = " \(Int(share * 100))%"
        let width = max(4, min(40, columns - label.count - percent.count - 4))
        let filled = Int((share * Double(width)).rounded())
        return "\(label) [" + String(repeating: "#", count: filled)
            + String(repeating: ".", count: width - filled)
            + "]" + percent
    }

    private func draw(_ line: String) {
        try? Output(descriptor: terminal.descriptor, name: "").write(Array("\r\u{1B}[K\(line)".utf8))
    }
}
