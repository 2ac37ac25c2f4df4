internal import MemoClient

/// Functions in a table.
enum FunctionTable {
    static func text(_ functions: [FunctionInfo], for terminal: Terminal) -> String {
        table(functions).text(for: terminal)
    }

    static func table(_ functions: [FunctionInfo]) -> Table {
        var table = Table([
            ("FUNCTION", .left), ("HITS", .right), ("MISSES", .right), ("RATIO", .right), ("ENTRIES", .right),
            ("MAXSIZE", .right), ("SAVED", .right),
        ])
        for function in functions {
            table.add([
                function.name, "\(function.hits)", "\(function.misses)",
                HumanFormat.ratio(function.hits, of: function.hits + function.misses), "\(function.currsize)",
                function.maxsize.map(String.init) ?? "None", HumanFormat.duration(function.saved),
            ])
        }
        return table
    }
}
