/// What a lease is proved with: 128 bits that no one can guess.
package struct LeaseToken: Equatable, Sendable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    static func random() -> LeaseToken {
        var kernel = SystemRandomNumberGenerator()
        return LeaseToken(high: kernel.next(), low: kernel.next())
    }
}
