internal import ArgumentParser

/// How many, at least one.
struct CountArgument: ExpressibleByArgument {
    static let most = Int(Int32.max)

    let count: Int

    init?(argument: String) {
        guard let count = Int(ArgumentOrder.unmarked(argument)), 1...Self.most ~= count else { return nil }
        self.count = count
    }
}
