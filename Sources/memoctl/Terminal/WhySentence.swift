internal import MemoClient
internal import Platform

/// What the daemon says of a key, in a sentence.
enum WhySentence {
    /// - Parameter reply: to `why`.
    static func text(of reply: Reply) -> String {
        let state = reply.string("state") ?? "unknown"
        switch state {
        case "present": return present(reply)
        case "unknown":
            return "unknown: it was never put, was cleared just now, or that is no longer remembered"
        default:
            let ago = reply.int("ago_ms").map { " \(HumanFormat.duration(milliseconds: $0)) ago" } ?? ""
            let cause = reply.string("by") ?? ""
            return TextEscaping.printable("\(state)\(ago)\(because(state, cause))")
        }
    }

    private static func present(_ reply: Reply) -> String {
        var parts: [String] = []
        if let bytes = reply.int("bytes") { parts.append(HumanFormat.bytes(bytes)) }
        if let age = reply.int("age_ms") {
            // What came from another machine is no one's here.
            let writer =
                reply.int("uid").map {
                    UInt32(exactly: $0) == .max ? " from another machine" : " by uid \($0)"
                } ?? ""
            parts.append("put \(HumanFormat.duration(milliseconds: age)) ago\(writer)")
        }
        if let cost = reply.int("cost_ms"), cost > 0 {
            parts.append("computed in \(HumanFormat.duration(milliseconds: cost))")
        }
        switch reply.int("hits") {
        case nil: break
        case 0?: parts.append("not used since")
        case 1?: parts.append("used once")
        case let hits?: parts.append("used \(hits) times")
        }
        if reply.bool("stale") == true {
            parts.append("stale, and served until it is computed again or its grace time is over")
        } else if let left = reply.int("ttl_ms") {
            parts.append("fresh for another \(HumanFormat.duration(milliseconds: left))")
        } else {
            parts.append("fresh for ever")
        }
        let tier = reply.string("tier") == "cold" ? "on disk" : "in memory"
        let withheld =
            reply.bool("withheld") == true
            ? "; not served, because the function is coherent and other machines cannot be heard" : ""
        return TextEscaping.printable("present \(tier): \(parts.joined(separator: ", "))\(withheld)")
    }

    /// What other machines have; `nil` if that was not asked.
    static func remoteText(of reply: Reply) -> String? {
        guard let there = reply.object("remote"), let state = there.string("state") else { return nil }
        var parts: [String] = []
        if let bytes = there.int("bytes") {
            parts.append(HumanFormat.bytes(bytes))
            parts.append(
                there.int("ttl_ms").map { "fresh for another \(HumanFormat.duration(milliseconds: $0))" }
                    ?? "fresh for ever")
        }
        let text =
            switch state {
            case "off": "the function is not shared"
            case "unreachable": "they cannot be reached"
            case "absent": "they have not got it"
            case "deleted": "deleted"
            case "unreadable": "what is there is of another key, or does not open"
            case "outdated": "outdated, computed before a clear"
            default: state
            }
        return TextEscaping.printable(
            "other machines: \(text)\(parts.isEmpty ? "" : ": \(parts.joined(separator: ", "))")")
    }

    private static func because(_ state: String, _ cause: String) -> String {
        switch (state, cause) {
        case (_, "ttl"): ": its time to live was over"
        case ("rejected", "maxsize"): ": the function's maxsize is 0"
        case (_, "maxsize"): ": the function's maxsize had no room for it"
        case (_, "too large"): ": it is larger than what may be stored (--cold-bytes)"
        case (_, "hot-bytes"): ": memory was full (--hot-bytes) while the disk took nothing"
        case (_, "cold-bytes"): ": the disk budget was used up (--cold-bytes)"
        case (_, "entry limit"): ": there were too many entries"
        case (_, "damaged row"): ": its row in the database was damaged"
        case (_, "delete"): " by a delete"
        case (_, "clear fn"): " by a clear of its function"
        case (_, "clear tag"): " by a clear of one of its tags"
        case (_, "clear all"): " by a clear of everything"
        case (_, "define typed"): " by a define that changed typed"
        default: cause.isEmpty ? "" : ": \(cause)"
        }
    }
}
