/// A variable of a class that one thread owns, without the run-time checks for overlapping access that class
/// properties have: some thirty of them for each request, measured as 5 % of its CPU time. Not for what more than
/// one thread touches.
struct UncheckedCell<Value: ~Copyable>: ~Copyable {
    let pointer: UnsafeMutablePointer<Value>

    init(_ value: consuming Value) {
        pointer = .allocate(capacity: 1)
        pointer.initialize(to: value)
    }

    deinit {
        pointer.deinitialize(count: 1)
        pointer.deallocate()
    }

    var value: Value {
        @inline(__always) unsafeAddress { UnsafePointer(pointer) }
        @inline(__always) nonmutating unsafeMutableAddress { pointer }
    }
}
