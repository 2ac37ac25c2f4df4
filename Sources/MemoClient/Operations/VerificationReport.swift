internal import MemoWire

/// A hit that was computed again and gave another result.
public struct Mismatch: Sendable, Equatable {
    /// When it was reported: milliseconds since 1970; 0 before it is.
    public let at: Int64
    /// Of the key, as the client makes it.
    public let digest: String
    /// What was kept and what was computed, as text, shortened.
    public let kept: String
    public let computed: String

    public init(digest: String, kept: String, computed: String) {
        at = 0
        self.digest = digest
        self.kept = kept
        self.computed = computed
    }

    init(_ row: Reply) throws(MemoError) {
        at = try row.require(row.int("at"), "at")
        digest = try row.require(row.string("digest"), "digest")
        kept = try row.require(row.string("kept"), "kept")
        computed = try row.require(row.string("computed"), "computed")
    }
}

/// What came of the hits that a client computed again.
public struct VerificationReport: Sendable, Equatable {
    public var verified: Int64
    public var mismatched: Int64
    /// The last one that differed.
    public var mismatch: Mismatch?

    public init(verified: Int64 = 0, mismatched: Int64 = 0, mismatch: Mismatch? = nil) {
        self.verified = verified
        self.mismatched = mismatched
        self.mismatch = mismatch
    }

    func add(to request: inout RequestLine) {
        request.add("verified", number: verified)
        request.add("mismatched", number: mismatched)
        guard let mismatch else { return }
        let members = [
            ("digest", mismatch.digest), ("kept", mismatch.kept), ("computed", mismatch.computed),
        ].map { ($0.0, JSONText(string: $0.1)) }
        request.add("mismatch", json: JSONText(members: members))
    }
}

extension FunctionInfo {
    /// What differed lately, newest first; empty if it was not asked for.
    public var mismatches: [Mismatch] {
        get throws(MemoError) {
            var rows: [Mismatch] = []
            for row in reply.list("mismatches") ?? [] { rows.append(try Mismatch(Reply(row))) }
            return rows
        }
    }
}
