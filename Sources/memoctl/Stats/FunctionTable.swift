internal import MemoClient

/// Functions in a table.
enum FunctionTable {
    static func text(_ functions: [FunctionInfo], for terminal: Terminal) -> String {
        table(functions).text(for: terminal)
    }

    static func table(_ functions: [FunctionInfo]) -> Table {
        let namesOwners = functions.contains { $0.owner != nil }
        var table = Table(
            [
                ("FUNCTION", .left), ("HITS", .right), ("MISSES", .right), ("RATIO", .right),
                ("ENTRIES", .right), ("MAXSIZE", .right), ("SAVED", .right),
            ] + (namesOwners ? [("UID", .right)] : []))
        for function in functions {
            table.add(
                [
                    function.name, "\(function.hits)", "\(function.misses)",
                    HumanFormat.ratio(function.hits, of: function.hits + function.misses),
                    "\(function.currsize)", function.maxsize.map(String.init) ?? "None",
                    HumanFormat.duration(function.saved),
                ] + (namesOwners ? [function.owner.map(String.init) ?? "all"] : []))
        }
        return table
    }
}

extension FunctionInfo {
    /// Whose it is: said to administrators if users are isolated.
    var owner: Int64? { reply.int("uid") }
}
