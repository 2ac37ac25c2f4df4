internal import Glibc
internal import MemoClient
internal import Platform

extension CommandRunner {
    /// Whether this hit has its turn.
    var verifies: Bool {
        switch settings.verify ?? Verification.ofEnvironment(complain) {
        case .share(let share)?: Double.random(in: 0..<1) < share
        // A run has one hit.
        case .first?: true
        case nil: false
        }
    }

    /// Runs the command although its result is kept, and compares. The process ends as the command did.
    func verify(_ kept: RecordedRun, _ key: RunKey, _ input: [UInt8]?, _ client: BlockingClient) -> Never {
        explain("running it again to compare")
        let start = ContinuousClock.now
        let (computed, ending) = runRecording(input)
        let cost = ContinuousClock.now - start
        let name = TextEscaping.printable(key.function)
        if let reason = reasonNotToKeep(computed, ending, key, input) {
            complain("\(name) could not be verified: \(reason); what is kept stays")
            ChildProcess.end(as: ending)
        }
        var report = VerificationReport(verified: 1)
        if let difference = RunDifference(kept, computed) {
            let words = settings.command.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
            complain(
                TextEscaping.printable(
                    "\(key.function): \(words) gave \(difference.computed), but \(difference.kept) was kept: it "
                        + "depends on more than its key. The new result replaces the old"))
            let digest = String(SHA256.digest(of: key.json.bytes).prefix(32))
            report.mismatched = 1
            report.mismatch = Mismatch(
                digest: digest, kept: difference.kept, computed: difference.computed)
            keep(computed, cost, key, client, lease: nil)
        }
        do throws(MemoError) {
            if try client.has(.verify) {
                try client.perform(.report(key.function, hits: 0, verification: report))
            }
        } catch {
            explain("not counted: \(error.message)")
        }
        ChildProcess.end(as: ending)
    }
}
