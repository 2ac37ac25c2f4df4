internal import Crypto

/// Which servers they are, all together: another run of one of them may have lost what was there.
package enum ServerIdentity {
    /// - Parameter runs: what each server calls its run; empty if it does not say.
    /// - Returns: empty if one does not say.
    package static func of(_ runs: [[UInt8]]) -> [UInt8] {
        guard !runs.isEmpty, !runs.contains([]) else { return [] }
        guard runs.count > 1 else { return runs[0] }
        var hash = SHA256()
        for run in runs.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            hash.update(data: run)
            hash.update(data: [0])
        }
        return Array(hash.finalize().prefix(20))
    }
}
