@testable import MemoStore

/// Tests number connections, functions and tags as they like.
extension ConnectionID: ExpressibleByIntegerLiteral {
    public init(integerLiteral number: UInt64) {
        self.init(rawValue: number)
    }

    init(_ number: some BinaryInteger) {
        self.init(rawValue: UInt64(number))
    }
}

extension TagID: ExpressibleByIntegerLiteral {
    public init(integerLiteral number: UInt32) {
        self.init(number)
    }
}

extension FunctionID: ExpressibleByIntegerLiteral {
    public init(integerLiteral number: UInt32) {
        self.init(number)
    }
}

extension FunctionSlot: ExpressibleByIntegerLiteral {
    public init(integerLiteral number: UInt32) {
        self.init(number)
    }
}
