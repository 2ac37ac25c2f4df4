import Glibc

/// Threads that do something at the same time.
enum Crew {
    /// Calls `work` with each number below `count`, each on a thread of its own, and waits for all.
    /// - Throws: the first error.
    static func run(_ count: Int, _ work: @escaping @Sendable (Int) throws -> Void) throws {
        let crew = try start(count, work)
        try crew.join()
    }

    /// The same, without waiting.
    static func start(_ count: Int, _ work: @escaping @Sendable (Int) throws -> Void) throws -> Running {
        let running = Running()
        for number in 0..<count { try running.add { try work(number) } }
        return running
    }

    final class Running {
        private final class Job {
            let work: () throws -> Void
            var error: (any Error)?
            init(_ work: @escaping () throws -> Void) { self.work = work }
        }

        private var threads: [(pthread_t, Job)] = []

        fileprivate func add(_ work: @escaping () throws -> Void) throws {
            let job = Job(work)
            var thread = pthread_t()
            let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
            defer { attributes.deallocate() }
            pthread_attr_init(attributes)
            pthread_attr_setstacksize(attributes, 512 << 10)
            let result = pthread_create(
                &thread, attributes,
                { argument in
                    let job = Unmanaged<Job>.fromOpaque(argument!).takeRetainedValue()
                    do { try job.work() } catch { job.error = error }
                    return nil
                }, Unmanaged.passRetained(job).toOpaque())
            guard result == 0 else { throw HarnessError("no thread: \(String(cString: strerror(result)))") }
            threads.append((thread, job))
        }

        func join() throws {
            var first: (any Error)?
            for (thread, job) in threads {
                pthread_join(thread, nil)
                first = first ?? job.error
            }
            threads = []
            if let first { throw first }
        }
    }
}
