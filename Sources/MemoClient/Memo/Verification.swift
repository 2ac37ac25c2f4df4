internal import Glibc

/// Which hits are computed again and compared with what was kept. A result that differs warns, and replaces what was
/// kept.
public enum Verification: Sendable, Equatable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    /// By chance: 0 for none, 1 for all.
    case share(Double)
    /// The first one in this process.
    case first

    public init(floatLiteral share: Double) { self = .share(share) }
    public init(integerLiteral share: Int) { self = .share(Double(share)) }

    /// A share, or `first`.
    package init?(_ text: some StringProtocol) {
        if text == "first" {
            self = .first
        } else if let share = Double(text), (0...1).contains(share) {
            self = .share(share)
        } else {
            return nil
        }
    }

    /// The variable for those who do not say.
    package static let variable = "MEMOD_VERIFY"

    /// What the environment says.
    /// - Parameter complain: is told of what makes no sense.
    package static func ofEnvironment(_ complain: (String) -> Void) -> Verification? {
        guard let value = getenv(variable) else { return nil }
        let text = String(cString: value)
        guard !text.isEmpty else { return nil }
        let verification = Verification(text)
        if verification == nil {
            complain(
                "\(variable) is \"\(text)\", which is neither a share from 0 to 1 nor first; nothing is verified"
            )
        }
        return verification
    }
}
