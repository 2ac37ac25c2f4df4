/// Up to where a loop knows what became of commits. Touched only by its thread.
final class CommitWatermark {
    var through: UInt64 = 0
}
