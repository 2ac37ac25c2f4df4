/// Where a function is in the table in memory: there as long as it lives, then perhaps another's.
package struct FunctionSlot: Hashable, Strideable, Sendable, BitwiseCopyable {
    package let rawValue: UInt32

    package init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }

    @inline(__always)
    var index: Int { Int(rawValue) }

    package static func == (one: Self, other: Self) -> Bool { one.rawValue == other.rawValue }

    package static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }

    package func distance(to other: Self) -> Int { Int(other.rawValue) - Int(rawValue) }

    package func advanced(by count: Int) -> Self { Self(UInt32(Int(rawValue) + count)) }
}

extension FunctionSlot {
    /// No function's.
    static let none = FunctionSlot(.max)
}
