/// Functions that do not keep to a new bound yet, and connections that wait until one does.
///
/// A function's profile has the number of the job that is at it; a job that another number replaced is over.
struct ResizeJobs: ~Copyable {
    struct Job {
        let function: FunctionSlot
        let number: UInt32
        /// What is used after this is put into its place in the list by that.
        let since: UInt64
        /// Whether the function's list is in the order of last use.
        let isInOrder: Bool
    }

    private var jobs: [Job] = []
    private var number: UInt32 = 0
    private var waiters: [ConnectionID] = []

    var isEmpty: Bool { jobs.isEmpty }

    mutating func begin(
        _ function: FunctionSlot, since use: UInt64, isInOrder: Bool, in functions: inout FunctionTable
    ) {
        number += 1
        functions[function].resizeJob = number
        jobs.append(Job(function: function, number: number, since: use, isInOrder: isInOrder))
    }

    /// A function has no bound any more.
    func cancel(_ function: FunctionSlot, in functions: inout FunctionTable) {
        functions[function].resizeJob = 0
    }

    func isUnderWay(_ job: Job, in functions: borrowing FunctionTable) -> Bool {
        functions[job.function].resizeJob == job.number
    }

    /// The oldest one.
    var first: Job? { jobs.first }

    /// - Returns: who waited.
    mutating func end(_ job: Job, in functions: inout FunctionTable) -> [ConnectionID] {
        if isUnderWay(job, in: functions) { functions[job.function].resizeJob = 0 }
        jobs.removeAll { $0.number == job.number }
        return exchange(&waiters, with: [])
    }

    /// Has a connection told when a job ends.
    mutating func wait(_ connection: ConnectionID) {
        if !waiters.contains(connection) { waiters.append(connection) }
    }

    mutating func leave(_ connection: ConnectionID) { waiters.removeAll { $0 == connection } }

    /// Holds between any two calls; ends the process if it does not. For tests.
    func check(_ functions: borrowing FunctionTable) {
        precondition(jobs.allSatisfy { $0.number > 0 && $0.number <= number })
        precondition(zip(jobs, jobs.dropFirst()).allSatisfy { $0.number < $1.number })
        for function in functions.allSlots where functions.isLive(function) {
            let job = functions[function].resizeJob
            precondition(
                job == 0 || jobs.contains { $0.number == job && $0.function == function },
                "function \(function) waits for a job that is over")
        }
        precondition(waiters.isEmpty || !jobs.isEmpty, "a connection that nothing will wake")
    }
}
