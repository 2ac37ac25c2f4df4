package import Glibc
package import Synchronization

/// A value that one thread at a time has. As the standard library's `Mutex`, but for who is next: that one is handed to a
/// thread that waits for it, which has it from then on, whether it runs or waits for a processor; all others wait for that
/// too, the most urgent ones for the least urgent. This one is free when it is released, and whoever runs takes it. So who
/// takes it again and again, and is not in haste, has to let others in between: `letOthersIn`.
///
/// `@unchecked Sendable` because the value is reached only through the lock.
package struct Lock<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>
    @usableFromInline let value: UnsafeMutablePointer<Value>
    /// How many threads wait for it.
    @usableFromInline let waiting = Atomic(0)

    package init(_ value: consuming Value) {
        mutex = .allocate(capacity: 1)
        var attributes = pthread_mutexattr_t()
        pthread_mutexattr_init(&attributes)
        // It is held for moments: looking again for some of them takes less than to sleep.
        pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_ADAPTIVE_NP))
        pthread_mutex_init(mutex, &attributes)
        pthread_mutexattr_destroy(&attributes)
        self.value = .allocate(capacity: 1)
        self.value.initialize(to: value)
    }

    deinit {
        value.deinitialize(count: 1)
        value.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Not within itself.
    @inlinable
    package borrowing func withLock<Result: ~Copyable, Failure>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if pthread_mutex_trylock(mutex) != 0 { wait() }
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value.pointee)
    }

    @usableFromInline @inline(never)
    func wait() {
        waiting.wrappingAdd(1, ordering: .relaxed)
        pthread_mutex_lock(mutex)
        waiting.wrappingSubtract(1, ordering: .relaxed)
    }

    /// Waits a moment if others wait for it, until one of them has it. A thread that was woken takes tens of microseconds
    /// until it runs, and one that runs takes the lock again and again before that.
    package borrowing func letOthersIn() {
        let before = waiting.load(ordering: .relaxed)
        guard before > 0 else { return }
        for _ in 0..<Self.pauses where waiting.load(ordering: .relaxed) >= before {
            usleep(Self.pauseMicroseconds)
        }
    }

    private static var pauses: Int { 20 }
    private static var pauseMicroseconds: UInt32 { 50 }

    /// - Returns: `nil` if another thread has it.
    @inlinable
    package borrowing func withLockIfAvailable<Result: ~Copyable, Failure>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        guard pthread_mutex_trylock(mutex) == 0 else { return nil }
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value.pointee)
    }
}
