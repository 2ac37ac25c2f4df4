internal import Glibc
internal import MemoClient
internal import Synchronization

// A program that memoizes, for tests that need several processes of it.
//   MemoCaller crowd SINGLE_FLIGHT GO LOG   waits for the file GO, then computes squares, a line in LOG for each
//   MemoCaller nested START GO LOG          the same in single flight, each result made of the one below
//   MemoCaller steady COUNT                 checks the results of so many calls

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
default: fatalError("what?")
}
memo.close()
