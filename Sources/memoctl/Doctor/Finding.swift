internal import MemoClient

/// One thing that an examination looked at.
struct Finding {
    enum Severity: String {
        case good = "ok"
        case warning = "warn"
        case wrong = "FAIL"

        var style: Terminal.Style {
            switch self {
            case .good: .green
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
            (
                "severity",
                JSONText(string: severity == .good ? "ok" : severity == .warning ? "warning" : "wrong")
            ),
            ("subject", JSONText(string: subject)), ("text", JSONText(string: text)),
            ("advice", advice.map { JSONText(string: $0) } ?? .null),
        ])
    }
}
