/// What is done a piece at a time, mostly by the maintenance thread.
struct Piecework: ~Copyable {
    var reclaimer = Reclaimer()
    var tagClears = TagClears()
    var resizes = ResizeJobs()
    var massClears = MassClears()

    /// Whether the database says all that memory does, as far as it depends on this: nothing is half done.
    var isNothingUnderWay: Bool { !reclaimer.hasLists && tagClears.isEmpty && resizes.isEmpty }

    /// A connection waits for nothing any more.
    mutating func leave(_ connection: ConnectionID) {
        resizes.leave(connection)
        tagClears.leave(connection)
        massClears.leave(connection)
    }

    /// Holds between any two calls; ends the process if it does not. For tests.
    func check(_ entries: borrowing EntryIndex, _ functions: borrowing FunctionTable) {
        reclaimer.check(entries, functions)
        resizes.check(functions)
        tagClears.check()
    }
}
