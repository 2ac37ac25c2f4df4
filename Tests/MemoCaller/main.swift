internal import Glibc
internal import MemoClient
internal import Synchronization

// A program that memoizes, for tests that need several processes of it.
//   MemoCaller crowd SINGLE_FLIGHT GO LOG   waits for the file GO, then computes squares, a line in LOG for each
//   MemoCaller nested START GO LOG          the same in single flight, each result made of the one below
//   MemoCaller steady COUNT                 checks the results of this many calls
//   MemoCaller hits SECONDS                 for tools/bench: what a hit takes, in ns

func square(_ number: Int, log: String) throws -> Int {
    let line = Array("\(number)\n".utf8)
    let descriptor = open(log, O_WRONLY | O_APPEND | O_CREAT, 0o600)
    guard descriptor >= 0, write(descriptor, line, line.count) == line.count else {
        fatalError("cannot write \(log)")
    }
    close(descriptor)
    return number * number
}

struct Work: Codable, Sendable, Equatable {
    var number: Int
    var tags: [String: Double]

    init(_ number: Int, _ tag: String?) {
        self.number = number * number
        tags = [tag ?? "none": Double(number) / 3]
    }
}

extension Duration {
    var nanoseconds: Double { Double(components.seconds) * 1e9 + Double(components.attoseconds) / 1e9 }
}

/// The median time of a call, over batches of 64.
func median(seconds: Double, _ batch: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    var times: [Double] = []
    while clock.now < end {
        let time = try clock.measure(batch)
        times.append(time.nanoseconds / 64)
    }
    return times.sorted()[times.count / 2]
}

/// Hits of `BlockingClient.get` that are read from published memory, of values of 64 bytes.
func publishedHits(seconds: Double) throws -> Double {
    let client = BlockingClient()
    let keys = (0..<64).map { JSONText(string: "key:\($0)") }
    let value = JSONText(string: String(repeating: "v", count: 64))
    for key in keys { _ = try client.put("bench.swift", key, value) }
    func ask() throws {
        for key in keys {
            guard try client.get("bench.swift", key).value == value else { fatalError("wrong") }
        }
    }
    // Until they are published, and it is known where.
    for _ in 0..<200 { try ask() }
    usleep(1_100_000)
    for _ in 0..<200 { try ask() }
    return try median(seconds: seconds, ask)
}

/// The first call of each of many keys, whose results are published, and a second one, in ns.
func memoizedHits() async throws -> (first: Double, again: Double) {
    let count = 4000
    var times: (first: Double, again: Double) = (0, 0)
    for _ in 0..<4 {
        let memo = Memo(timeout: .seconds(60))
        let double = memo.memoize("bench.double", maxsize: nil) { (number: Int) async throws in
            String(repeating: "v", count: 50) + "\(number)"
        }
        func calls(_ numbers: Range<Int>) async throws -> Double {
            let clock = ContinuousClock()
            let began = clock.now
            for number in numbers {
                guard try await double(number).hasSuffix("\(number)") else { fatalError("wrong") }
            }
            return (clock.now - began).nanoseconds / Double(numbers.count)
        }
        _ = try await calls(0..<200)
        usleep(1_100_000)
        _ = try await calls(200..<400)
        times = (try await calls(400..<count), try await calls(400..<count))
        memo.close()
    }
    return times
}

let arguments = CommandLine.arguments
let memo = Memo(timeout: .seconds(60), autostart: true)
switch arguments.dropFirst().first {
case "crowd":
    let (go, log) = (arguments[3], arguments[4])
    let slow = memo.memoize("crowd", maxsize: nil, singleFlight: arguments[2] == "true") {
        (number: Int) async throws in
        try await Task.sleep(for: .milliseconds(50))
        return try square(number, log: log)
    }
    while access(go, F_OK) != 0 { usleep(1000) }
    var results: [Int] = []
    for number in 0..<8 { results.append(try await slow(number)) }
    print(results)
case "nested":
    let (start, go, log) = (Int(arguments[2]) ?? 0, arguments[3], arguments[4])
    let sum = Mutex<Memoized<Int, Int>?>(nil)
    let sums = memo.memoize("nested", maxsize: nil, singleFlight: true) { (number: Int) async throws -> Int in
        try await Task.sleep(for: .milliseconds(20))
        _ = try square(number, log: log)
        guard number > 0, let below = sum.withLock({ $0 }) else { return 0 }
        return try await number + below(number - 1)
    }
    sum.withLock { $0 = sums }
    while access(go, F_OK) != 0 { usleep(1000) }
    print(try await sums(start))
case "steady":
    let work = memo.memoize("steady", maxsize: 64) { (number: Int, tag: String?) async throws in
        Work(number, tag)
    }
    for call in 0..<(Int(arguments[2]) ?? 0) {
        let (number, tag) = (call * 7 % 200, call % 3 == 0 ? nil : "tag \(call % 3)")
        guard try await work(number, tag) == Work(number, tag) else { fatalError("wrong for \(number)") }
        usleep(300)
    }
    let info = work.cacheInfo()
    print(info.hits + info.misses)
case "hits":
    let get = try publishedHits(seconds: Double(arguments[2]) ?? 1)
    let memoized = try await memoizedHits()
    print(
        "{\"BlockingClient.get\": \(get), \"memoize, first calls\": \(memoized.first), "
            + "\"memoize, again\": \(memoized.again)}")
default: fatalError("what?")
}
memo.close()
