/// The number of a function's row in the database: counted from 1, never used twice.
package struct FunctionID: Hashable, Sendable, BitwiseCopyable {
    package let rawValue: UInt32

    package init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }
}

extension FunctionID {
    /// No function's.
    package static let none = FunctionID(0)
}
