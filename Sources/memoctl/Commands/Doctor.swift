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
        let findings = Examination(common.client()).findings()
        if common.json {
            for finding in findings { try Output.standard.writeLine(finding.json.description) }
        } else {
            let terminal = Terminal.standardOutput
            for finding in findings {
                let mark = terminal.styled(finding.severity.rawValue, finding.severity.style)
                let padding = String(repeating: " ", count: 6 - finding.severity.rawValue.count)
                try Output.standard.writeLine(
                    mark + padding + terminal.safe(finding.subject + ": " + finding.text))
                if let advice = finding.advice {
                    try Output.standard.writeLine("      -> " + terminal.safe(advice))
                }
            }
        }
        if findings.contains(where: { $0.severity == .wrong }) { throw ExitCode(1) }
    }
}
