/// Metrics as text for Prometheus and those who read what it reads.
package enum MetricsText {
    package enum Format: Sendable {
        /// OpenMetrics 1.0.
        case openMetrics
        /// What Prometheus read before it, version 0.0.4.
        case plain

        package var contentType: String {
            switch self {
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            case .plain: "text/plain; version=0.0.4; charset=utf-8"
            }
        }
    }

    package static func of(_ snapshot: Snapshot, as format: Format = .openMetrics) -> String {
        var text = ""
        for family in MetricFamily.all(of: snapshot) { append(family, format, to: &text) }
        if case .openMetrics = format { text += "# EOF\n" }
        return text
    }

    private static func append(_ family: MetricFamily, _ format: Format, to text: inout String) {
        let sample = "memod_\(family.name)\(family.kind == .counter ? "_total" : "")"
        // In the older format a family is called what its samples are.
        let name =
            switch format {
            case .openMetrics: "memod_\(family.name)"
            case .plain: sample
            }
        text += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.kind.rawValue)\n"
        for (labels, value) in family.samples {
            text += sample
            for (index, label) in labels.enumerated() {
                text += "\(index == 0 ? "{" : ",")\(label.name)=\"\(escaped(label.value))\""
            }
            text += "\(labels.isEmpty ? "" : "}") \(value)\n"
        }
    }

    /// Label values escape the backslash, the quote and the line feed, and nothing else.
    private static func escaped(_ label: String) -> String {
        var escaped = ""
        for scalar in label.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
