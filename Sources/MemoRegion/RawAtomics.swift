internal import Synchronization

/// Words in memory that other processes have mapped too. Each is loaded or stored once and whole.
extension UnsafeRawPointer {
    @inline(__always)
    func word64(_ offset: Int) -> UnsafePointer<Atomic<UInt64>> {
        (self + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    @inline(__always)
    func word32(_ offset: Int) -> UnsafePointer<Atomic<UInt32>> {
        (self + offset).assumingMemoryBound(to: Atomic<UInt32>.self)
    }

    @inline(__always)
    func relaxed64(_ offset: Int) -> UInt64 { word64(offset).pointee.load(ordering: .relaxed) }

    @inline(__always)
    func relaxed32(_ offset: Int) -> UInt32 { word32(offset).pointee.load(ordering: .relaxed) }
}

extension UnsafeMutableRawPointer {
    @inline(__always)
    func store64(_ offset: Int, _ value: UInt64) {
        UnsafeRawPointer(self).word64(offset).pointee.store(value, ordering: .relaxed)
    }

    @inline(__always)
    func release64(_ offset: Int, _ value: UInt64) {
        UnsafeRawPointer(self).word64(offset).pointee.store(value, ordering: .releasing)
    }

    @inline(__always)
    func release32(_ offset: Int, _ value: UInt32) {
        UnsafeRawPointer(self).word32(offset).pointee.store(value, ordering: .releasing)
    }
}
