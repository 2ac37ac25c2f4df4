internal import MemoClient
internal import Platform

/// What is known about one function, for a person.
struct FunctionSummary {
    private let info: FunctionInfo

    init(_ info: FunctionInfo) {
        self.info = info
    }

    /// As Python's `cache_info()` prints itself.
    var cacheInfo: String {
        let maxsize = info.maxsize.map(String.init) ?? "None"
        return
            "CacheInfo(hits=\(info.hits), misses=\(info.misses), maxsize=\(maxsize), currsize=\(info.currsize))"
    }

    var text: String {
        var lines = [cacheInfo]
        func add(_ name: String, _ value: String) {
            lines.append(name + String(repeating: " ", count: max(1, 13 - name.count)) + value)
        }
        add("function", TextEscaping.printable(info.name))
        add("hit ratio", HumanFormat.ratio(info.hits, of: info.hits + info.misses))
        add("saved", HumanFormat.duration(info.saved))
        add("ttl", info.ttl.map(HumanFormat.duration) ?? "forever")
        add("stale", info.stale.map(HumanFormat.duration) ?? "none")
        add("typed", info.isTyped ? "yes" : "no")
        for name in ["evictions", "expirations"] {
            if let count = info.reply.int(name) { add(name, "\(count)") }
        }
        if info.verified > 0 {
            add("verified", "\(info.verified), of which \(info.mismatched) differed")
        }
        if info.reply.bool("persist") == false { add("persist", "no") }
        if let bytes = info.reply.int("max_bytes") { add("max-bytes", HumanFormat.bytes(bytes)) }
        if let versions = info.reply.list("versions") { add("versions", "\(versions.count)") }
        if let bytes = info.reply.int("bytes") { add("bytes", HumanFormat.bytes(bytes)) }
        return lines.joined(separator: "\n")
    }
}
