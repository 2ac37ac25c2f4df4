internal import Glibc

/// A thread that runs one function to its end.
package final class WorkerThread: @unchecked Sendable {  // `handle` is written before the object is shared.
    private var handle = pthread_t()

    private final class Work {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// - Parameter name: shown by `top -H` and the like; 15 bytes at most.
    package init(name: String, _ run: @escaping @Sendable () -> Void) {
        let work = Unmanaged.passRetained(
            Work {
                Self.setName(name)
                run()
            })
        let result = pthread_create(
            &handle, nil,
            { argument in
                Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, work.toOpaque())
        precondition(result == 0, "no thread to be had: \(String(cString: strerror(result)))")
    }

    private static func setName(_ name: String) {
        let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = name.withCString { write(descriptor, $0, strlen($0)) }
        close(descriptor)
    }

    /// Runs a function on a thread that nobody waits for.
    package static func detach(name: String, _ run: @escaping @Sendable () -> Void) {
        pthread_detach(WorkerThread(name: name, run).handle)
    }

    package func join() { pthread_join(handle, nil) }
}
