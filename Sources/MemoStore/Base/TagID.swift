/// The number of a tag's row in the database: counted from 1, never used twice.
package struct TagID: Hashable, Sendable, BitwiseCopyable {
    package let rawValue: UInt32

    package init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }
}
