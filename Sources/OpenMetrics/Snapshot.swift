package import MemoClient

/// The daemon's totals and its functions, at one moment.
package struct Snapshot: Sendable {
    package let totals: Reply
    package let functions: [FunctionInfo]

    package init(totals: Reply, functions: [FunctionInfo]) {
        self.totals = totals
        self.functions = functions
    }
}
