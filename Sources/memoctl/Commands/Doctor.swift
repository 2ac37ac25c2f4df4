internal import ArgumentParser
internal import MemoClient

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the daemon and the way to it, and say what to do about what is wrong.",
        discussion: """
            Exit status 1: something is wrong. Warnings alone are 0.

              memoctl doctor
            """)

    @OptionGroup var common: CommonOptions

    func run() throws {
        let diagnosis = Diagnosis(
            common.client(patience: CommonOptions.shortPatience),
            commitTimeout: common.timeout?.duration ?? CommonOptions.patience)
        let findings = diagnosis.findings()
        if common.json {
            for finding in findings { try Output.standard.writeText(finding.json.description) }
        } else {
            let terminal = Terminal.standardOutput
            for finding in findings {
                let name = finding.severity.rawValue
                let mark = terminal.styled(name, finding.severity.style)
                try write(
                    terminal.safe(finding.subject + ": " + finding.text), behind: mark, columns: name.count)
                if let advice = finding.advice { try write("-> " + terminal.safe(advice)) }
            }
        }
        if findings.contains(where: { $0.severity == .wrong }) { throw ExitCode(1) }
    }

    private static let indent = 6

    /// On a terminal as wide as that; elsewhere in one line, which is easier to search.
    private func write(_ text: String, behind mark: String = "", columns: Int = 0) throws {
        let terminal = Terminal.standardOutput
        let lines =
            terminal.isTerminal
            ? WordWrap.lines(text, width: max(20, terminal.size.columns - Self.indent)) : [text]
        for (index, line) in lines.enumerated() {
            let margin = index == 0 ? Self.indent - columns : Self.indent
            try Output.standard.writeLine(
                (index == 0 ? mark : "") + String(repeating: " ", count: margin) + line)
        }
    }
}
