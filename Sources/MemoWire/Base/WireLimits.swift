/// The limits of the protocol. Those that no option changes are static.
public struct WireLimits: Sendable {
    /// The longest request line, in bytes without its LF.
    public var lineBytes: Int

    public init(lineBytes: Int = 64 << 20) {
        self.lineBytes = lineBytes
    }

    /// Containers open at once, the request object counted.
    public static let depth = 512
    /// Bytes of a key in canonical form.
    public static let keyBytes = 1 << 20
    /// The same as it is spelt: what is more is not looked at.
    public static let spelledKeyBytes = 8 * keyBytes
    /// Elements of `keys` and of `entries`.
    public static let batchElements = 1024
    public static let functionBytes = 512
    public static let clientBytes = 128
    /// The digest that stands for a key in a `mismatch`.
    public static let digestBytes = 128
    public static let tags = 16
    public static let tagBytes = 128
    /// `PATH_MAX` without its NUL.
    public static let pathBytes = 4095
    /// Rows of one answer to `functions` or `keys`.
    public static let rows = 1000
    /// Steps of one answer to `history`, and how far back it goes if that is not said.
    public static let historyPoints: Int64 = 2000
    public static let historySpanMs: Int64 = 86_400_000
    /// The longest lease and the longest wait for one.
    public static let leaseMs: Int64 = 3_600_000
    /// Integers up to here are exact in every JSON library.
    public static let integer: Int64 = 1 << 53
    /// The largest exponent a number within a key may be written with, either way.
    public static let keyExponent: Int64 = 1_000_000_000_000_000
    /// Unknown members of one object that are compared with each other; the request fails in any case.
    static let unknownMembers = 64
}
