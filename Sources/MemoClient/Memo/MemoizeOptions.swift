/// How a function is memoized: the parameters of `Memo.memoize`.
struct MemoizeOptions {
    var maxsize: Int?
    var ttl: Duration?
    var stale: Duration?
    var tags: [String]
    var singleFlight: Bool
    var early: Double?
    var verify: Verification?
}
