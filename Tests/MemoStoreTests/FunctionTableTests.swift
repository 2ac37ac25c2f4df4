import TestSupport
import Testing

@testable import MemoStore

struct FunctionTableTests {
    private static func find(
        _ table: inout FunctionTable, _ name: String, owner: Int64 = -1, again: Bool
    ) -> FunctionSlot? {
        Array(name.utf8).withUnsafeBytes {
            again ? table.findAgain(owner: owner, name: $0) : table.find(owner: owner, name: $0)
        }
    }

    private static func add(_ table: inout FunctionTable, _ name: String, owner: Int64 = -1) -> FunctionSlot?
    {
        Array(name.utf8).withUnsafeBytes { table.add(owner: owner, name: $0) }
    }

    /// Whatever comes and goes, the one that was found last is found as all others are.
    @Test func theLatestIsFoundAsTheOthers() {
        var random = SeededGenerator(for: "functions found again")
        var table = FunctionTable(
            keyHash: KeyHash(seed: (1, 2)), nameHash: KeyHash(seed: (3, 4)), capacity: 100)!
        var known: [String: FunctionSlot] = [:]
        let names = (0..<6).map { "f\($0)" } + ["a name that is too long for a small string"]
        for _ in 0..<SeededGenerator.cases(3000) {
            let name = random.pick(names)
            let owner = Int64(random.below(2)) - 1
            let key = "\(owner) \(name)"
            for again in [true, false] {
                #expect(Self.find(&table, name, owner: owner, again: again) == known[key])
            }
            guard random.chance(30) else { continue }
            if let slot = known.removeValue(forKey: key) {
                table.remove(slot)
            } else {
                known[key] = Self.add(&table, name, owner: owner)
                #expect(known[key] != nil)
            }
            #expect(Self.find(&table, name, owner: owner, again: true) == known[key])
        }
    }
}
