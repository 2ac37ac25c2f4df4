internal import MemoClient

/// The members of a reply as lines of a name and a value, with units that people read.
enum MemberList {
    /// - Parameter first: the member whose value alone is the first line.
    static func text(of reply: Reply, first: String) -> String {
        var lines = [TextEscaping.printable(reply.string(first) ?? "unknown")]
        let names = reply.names.filter { $0 != "id" && $0 != "ok" && $0 != first && !reply.isNull($0) }
        let width = names.map(\.count).max() ?? 0
        for name in names {
            let (label, value) = described(name, reply)
            let padding = String(repeating: " ", count: max(0, width - label.count) + 2)
            lines.append(TextEscaping.printable(label + padding + value))
        }
        return lines.joined(separator: "\n")
    }

    private static func described(_ name: String, _ reply: Reply) -> (label: String, value: String) {
        if name.hasSuffix("_ms"), let milliseconds = reply.int(name) {
            return (String(name.dropLast(3)), HumanFormat.duration(milliseconds: milliseconds))
        }
        if name == "bytes", let bytes = reply.int(name) { return (name, HumanFormat.bytes(bytes)) }
        return (name, reply.string(name) ?? reply[name]?.description ?? "")
    }
}
