internal import MemoClient

/// One thing that an examination looked at.
struct Finding {
    enum Severity: String {
        case good = "ok"
        /// Neither good nor bad: worth knowing.
        case note = "-"
        case warning = "warn"
        case wrong = "FAIL"

        /// For programs.
        var name: String {
            switch self {
            case .good: "ok"
            case .note: "note"
            case .warning: "warning"
            case .wrong: "wrong"
            }
        }

        var style: Terminal.Style {
            switch self {
            case .good: .green
            case .note: .dim
            case .warning: .yellow
            case .wrong: .red
            }
        }
    }

    let severity: Severity
    let subject: String
    let text: String
    /// What to do about it.
    let advice: String?

    init(_ severity: Severity, _ subject: String, _ text: String, advice: String? = nil) {
        self.severity = severity
        self.subject = subject
        self.text = text
        self.advice = advice
    }

    var json: JSONText {
        JSONText(members: [
            ("severity", JSONText(string: severity.name)),
            ("subject", JSONText(string: subject)), ("text", JSONText(string: text)),
            ("advice", advice.map { JSONText(string: $0) } ?? .null),
        ])
    }
}
