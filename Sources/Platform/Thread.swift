internal import CLinux
internal import Glibc

/// A POSIX thread. It must be joined, once, or be detached.
package struct Thread: Sendable {
    private final class Start: Sendable {
        let name: String?
        let body: @Sendable () -> Void

        init(_ name: String?, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    private let handle: pthread_t

    /// - Parameters:
    ///   - name: shown by `top -H` and the like; 15 bytes at most.
    ///   - blocksSignals: whether none is handled on it, as is right in a program that does not know of the thread.
    /// - Throws: if the system has no thread left.
    package init(
        name: String? = nil, blocksSignals: Bool = false, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        var before = sigset_t()
        if blocksSignals {
            var all = sigset_t()
            sigfillset(&all)
            pthread_sigmask(SIG_SETMASK, &all, &before)
        }
        defer { if blocksSignals { pthread_sigmask(SIG_SETMASK, &before, nil) } }
        var handle = pthread_t()
        let start = Unmanaged.passRetained(Start(name, body))
        let result = pthread_create(
            &handle, nil,
            { argument in
                let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
                if let name = start.name { Thread.setName(name) }
                start.body()
                return nil
            }, start.toOpaque())
        guard result == 0 else {
            start.release()
            throw SystemError(number: result)
        }
        self.handle = handle
    }

    /// Runs a function on a thread that is not joined.
    /// - Throws: if the system has no thread left; the function is not run then.
    package static func detach(
        name: String? = nil, blocksSignals: Bool = false, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        pthread_detach(try Thread(name: name, blocksSignals: blocksSignals, body).handle)
    }

    package func join() {
        pthread_join(handle, nil)
    }

    /// Waits for its end, for so long at most.
    /// - Returns: whether it has ended. If not, it may be joined again, or be left to itself.
    package func join(withinMs ms: Int64) -> Bool {
        var until = timespec()
        clock_gettime(CLOCK_MONOTONIC, &until)
        until.tv_sec += Int(ms / 1000)
        until.tv_nsec += Int(ms % 1000) * 1_000_000
        if until.tv_nsec >= 1_000_000_000 {
            until.tv_sec += 1
            until.tv_nsec -= 1_000_000_000
        }
        return memod_join(handle, CLOCK_MONOTONIC, until.tv_sec, until.tv_nsec) == 0
    }

    private static func setName(_ name: String) {
        let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = name.withCString { write(descriptor, $0, strlen($0)) }
        close(descriptor)
    }
}
