internal import Glibc
internal import MemoClient
internal import Platform

/// Writes functions and their entries as NDJSON: a line for the export, one a function with its settings, one an
/// entry, and after each page of entries one that says how far it has come, so that a broken export goes on there. The
/// last line says that nothing is missing.
///
///     {"memod_export":1,"at_ms":1700000000000,"only":["compute_risk_score"]}
///     {"define":"compute_risk_score","maxsize":512,"ttl_ms":null,"typed":false}
///     {"fn":"compute_risk_score","key":[7,0.05],"value":42,"ttl_ms":null,"cost_ms":10}
///     {"done":"compute_risk_score","next":"…","instance":"…"}
///     {"done":true}
struct Exporter {
    /// Where an export stands: this function's entries are written up to `next`, or all of them.
    struct Position: Equatable {
        var function: String
        var next: String?
    }

    private static let pageRows = 500
    /// Values asked for together: what they weigh together must not keep the daemon from answering others.
    private static let pipelined = 50
    private static let noTags = Array("[]".utf8)

    let client: BlockingClient
    /// Which start of the daemon answers: where a page of entries ended means nothing to another one.
    let instance: String
    private(set) var entries: Int64 = 0

    init(_ client: BlockingClient) throws(MemoError) {
        self.client = client
        guard let instance = try Self.instance(client) else {
            throw MemoError(
                .malformedReply, "the daemon is too old for an export; restart it with this release's memod")
        }
        self.instance = instance
    }

    private static func instance(_ client: BlockingClient) throws(MemoError) -> String? {
        try client.perform(.hello()).string("instance")
    }

    /// - Parameters:
    ///   - only: the functions; empty: all.
    ///   - position: where a broken export stands; `nil`: from the beginning.
    ///   - write: takes whole lines, with their ends.
    ///   - progress: is told how many entries are written, and how many there may be.
    mutating func run(
        only: [String], from position: Position?, write: ([UInt8]) throws -> Void,
        progress: (_ done: Int64, _ total: Int64) -> Void
    ) throws {
        if position == nil {
            try write(
                Self.line([
                    ("memod_export", JSONText(1)), ("at_ms", JSONText(WallClock.unixMilliseconds())),
                    ("only", Self.selection(only)),
                ]))
        }
        let functions = try functions(only)
        let total = functions.reduce(0) { $0 + ($1.reply.int("currsize") ?? 0) }
        for function in functions {
            var next: String?
            if let position {
                // Functions come in the order of their names, as bytes.
                let order = Self.compare(function.name, position.function)
                if order < 0 || (order == 0 && position.next == nil) { continue }
                if order == 0 { next = position.next }
            }
            if next == nil { try write(Self.definition(function)) }
            // What is to be in no file is in none of these either.
            if function.reply.bool("persist") == false { continue }
            repeat {
                let page = try client.perform(.keys(function.name, limit: Self.pageRows, after: next))
                let lines = try entryLines(function.name, page.rows.filter { Self.isOwn($0, of: function) })
                guard try Self.instance(client) == instance else {
                    throw MemoError(
                        .disconnected, "the daemon was restarted meanwhile: run the same command again")
                }
                try write(lines)
                next = page.next
                var standing = [("done", JSONText(string: function.name))]
                if let next {
                    standing += [("next", JSONText(string: next)), ("instance", JSONText(string: instance))]
                }
                try write(Self.line(standing))
                progress(entries, total)
            } while next != nil
        }
        try write(Array("{\"done\":true}\n".utf8))
    }

    /// The functions that were asked for, as the first line has them.
    static func selection(_ only: [String]) -> JSONText {
        JSONText(joining: only.map { JSONText(string: $0) })
    }

    private func functions(_ only: [String]) throws -> [FunctionInfo] {
        let listing = try Listing.read(limit: nil, after: nil) { limit, after in
            try client.perform(.functions(limit: limit, after: after))
        }
        // Administrators are listed other users' functions, too, which they cannot read.
        let own = listing.rows.filter { $0.owner.map { $0 == Int64(geteuid()) } ?? true }
        let known = Set(own.map(\.name))
        if let unknown = only.first(where: { !known.contains($0) }) {
            throw MemoError(.invalidArgument, "there is no function \"\(TextEscaping.printable(unknown))\"")
        }
        return own.filter { only.isEmpty || only.contains($0.name) }
            .sorted { Self.compare($0.name, $1.name) < 0 }
    }

    private static func isOwn(_ row: Reply, of function: FunctionInfo) -> Bool {
        function.owner == nil || row.int("uid") == function.owner
    }

    private mutating func entryLines(_ function: String, _ rows: [Reply]) throws -> [UInt8] {
        var lines: [UInt8] = []
        var start = rows.startIndex
        while start < rows.endIndex {
            let part = rows[start..<min(start + Self.pipelined, rows.endIndex)]
            start = part.endIndex
            let keys = part.compactMap { $0["key"] }
            // Of all that reads an entry, only this is no use of it: what is copied stays as recently used as it was.
            let calls = keys.map { Call.why(function, $0) }
            for ((key, call), reply) in zip(zip(keys, calls), try client.replies(to: calls)) {
                let entry = try call.result(of: reply)
                // An entry may have gone since it was listed.
                guard entry.string("state") == "present" else { continue }
                guard let value = entry["value"] else {
                    throw MemoError(.malformedReply, "the daemon's answer lacks a proper \"value\"")
                }
                var members = [("fn", JSONText(string: function)), ("key", key), ("value", value)]
                for name in ["ttl_ms", "stale_ms", "cost_ms", "tags"] {
                    if let known = reply[name], known.bytes != Self.noTags { members.append((name, known)) }
                }
                lines += Self.line(members)
                entries += 1
            }
        }
        return lines
    }

    private static func definition(_ function: FunctionInfo) -> [UInt8] {
        var members = [("define", JSONText(string: function.name))]
        for name in ["maxsize", "ttl_ms", "stale_ms", "typed", "persist", "max_bytes"] {
            if let known = function.reply[name] { members.append((name, known)) }
        }
        return line(members)
    }

    private static func line(_ members: [(String, JSONText)]) -> [UInt8] {
        JSONText(members: members).bytes + [0x0A]
    }

    private static func compare(_ left: String, _ right: String) -> Int {
        left == right ? 0 : left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : 1
    }
}
