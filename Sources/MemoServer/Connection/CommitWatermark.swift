/// Up to where a loop knows what became of commits. Touched by its thread alone.
final class CommitWatermark {
    var through: UInt64 = 0
}
