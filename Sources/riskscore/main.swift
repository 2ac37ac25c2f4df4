internal import Glibc
internal import MemoClient

// Prices 50 portfolios 1000 times, each pricing taking its 10 ms, with the daemon remembering them: what
// `tools/quickstart` runs before and after a restart.

let function = "compute_risk_score"
let calls = 1000
let portfolios = 50
let threshold = 0.05

/// Stands for work that is worth remembering.
func computeRiskScore(portfolio: Int, threshold: Double) -> Int {
    usleep(10_000)
    return (portfolio * 7919 + Int(threshold * 1000)) % 100
}

do {
    let memo = BlockingClient()
    _ = try memo.perform(.define(function, Profile(maxsize: .entries(512))))
    var computed = 0
    let start = ContinuousClock.now
    for call in 0..<calls {
        let portfolio = call % portfolios
        let key = try JSONText(parsing: "[\(portfolio),\(threshold)]")
        let score: Int
        let found = try memo.perform(.get(function, key))
        if let known = found.value.flatMap({ Int($0.description) }) {
            score = known
        } else {
            let began = ContinuousClock.now
            score = computeRiskScore(portfolio: portfolio, threshold: threshold)
            computed += 1
            let options = PutOptions(cost: ContinuousClock.now - began, durable: call == portfolios - 1)
            _ = try memo.perform(.put(function, key, JSONText(score), options))
        }
        guard score == (portfolio * 7919 + 50) % 100 else {
            fatalError("a wrong score for portfolio \(portfolio): \(score)")
        }
    }
    let milliseconds = (ContinuousClock.now - start) / .milliseconds(1)
    print("\(calls) calls over \(portfolios) inputs: \(computed) computed, \(Int(milliseconds.rounded())) ms")
} catch {
    let message = Array("riskscore: \(error)\n".utf8)
    _ = write(STDERR_FILENO, message, message.count)
    exit(1)
}
