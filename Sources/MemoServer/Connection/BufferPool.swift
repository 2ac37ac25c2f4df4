internal import MemoWire
internal import Synchronization

/// Buffers of one size that a loop's connections use in turn. Bounded: if none is idle a fresh one takes its
/// place, and what comes back beyond the bound is freed. What comes back is zeroed.
struct BufferPool: ~Copyable {
    /// Figures that any thread may read while the loop works.
    final class Counters: Sendable {
        let idle = Atomic<Int>(0)
        let inUse = Atomic<Int>(0)
        /// How often none was idle.
        let misses = Atomic<Int>(0)
    }

    let bufferBytes: Int
    private let counters: Counters
    private let storage: UnsafeMutableBufferPointer<ByteBuffer>
    private var idle = 0
    private var inUse = 0

    init(bufferBytes: Int, limit: Int, counters: Counters) {
        self.counters = counters
        self.bufferBytes = bufferBytes
        storage = .allocate(capacity: limit)
    }

    deinit {
        storage.extracting(..<idle).deinitialize()
        storage.deallocate()
    }

    /// An empty buffer, the most recently used one if any is idle.
    mutating func acquire() -> ByteBuffer {
        inUse += 1
        counters.inUse.store(inUse, ordering: .relaxed)
        guard idle > 0 else {
            counters.misses.add(1, ordering: .relaxed)
            return ByteBuffer(capacity: bufferBytes)
        }
        idle -= 1
        counters.idle.store(idle, ordering: .relaxed)
        return storage.moveElement(from: idle)
    }

    /// Takes back a buffer that `acquire` gave.
    mutating func release(_ buffer: consuming ByteBuffer) {
        inUse -= 1
        counters.inUse.store(inUse, ordering: .relaxed)
        // One that grew is freed: a long line must not be kept for ever.
        guard idle < storage.count, buffer.capacity == bufferBytes else { return }
        buffer.erase()
        storage.initializeElement(at: idle, to: buffer)
        idle += 1
        counters.idle.store(idle, ordering: .relaxed)
    }
}
