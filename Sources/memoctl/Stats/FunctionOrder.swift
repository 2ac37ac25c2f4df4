internal import ArgumentParser
internal import MemoClient

/// The order of functions in a table.
enum FunctionOrder: String, CaseIterable, ExpressibleByArgument {
    case calls, hits, misses, ratio, entries, saved, name

    func sorted(_ functions: [FunctionInfo]) -> [FunctionInfo] {
        functions.sorted { left, right in
            let (first, second) = (weight(left), weight(right))
            return first == second ? left.name < right.name : first > second
        }
    }

    private func weight(_ function: FunctionInfo) -> Double {
        switch self {
        case .calls: Double(function.hits) + Double(function.misses)
        case .hits: Double(function.hits)
        case .misses: Double(function.misses)
        case .ratio:
            function.hits + function.misses > 0
                ? Double(function.hits) / (Double(function.hits) + Double(function.misses)) : -1
        case .entries: Double(function.currsize)
        case .saved:
            Double(function.saved.components.seconds) + Double(function.saved.components.attoseconds) / 1e18
        case .name: 0
        }
    }
}
