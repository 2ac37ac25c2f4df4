import MemoClient

// The first time this runs it computes; from then on, in every process, memod remembers.

struct Forecast: Codable, Sendable, Equatable {
    var city: String
    var degrees: [Double]
}

let memo = Memo()

let forecast = memo.memoize("example.forecast", maxsize: 512, ttl: .seconds(3600)) {
    (city: String, days: Int) async throws -> Forecast in
    print("computing \(city)")
    try await Task.sleep(for: .milliseconds(100))
    return Forecast(city: city, degrees: (0..<days).map { 20 + 0.5 * Double($0) })
}

for city in ["Oslo", "Rome", "Oslo"] {
    let result = try await forecast(city, 3)
    print("\(result.city): \(result.degrees)")
}
print(forecast.cacheInfo())

// Without memoization: the operations themselves.
do {
    try await memo.put("example.greetings", JSONText(string: "Ada"), JSONText(string: "Hello, Ada"))
    let found = try await memo.get("example.greetings", JSONText(string: "Ada"))
    print(found.value?.description ?? "nothing")
} catch {
    print("no daemon, nothing lost: \(error.code)")
}
