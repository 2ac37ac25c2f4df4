internal import ArgumentParser
internal import MemoClient

/// A share of hits from 0 to 1, or `first`.
struct VerificationArgument: ExpressibleByArgument {
    let verification: Verification

    init?(argument: String) {
        guard let verification = Verification(argument) else { return nil }
        self.verification = verification
    }

    static var defaultCompletionKind: CompletionKind { .list(["0.01", "first"]) }
}
