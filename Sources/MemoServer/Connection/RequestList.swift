internal import MemoStore
internal import MemoWire

/// Lines of input in order: requests, or why they are none, which is answered in its turn. Requests are read in
/// place: copying one costs more than looking its key up in a small table.
struct RequestList: ~Copyable {
    private struct Line {
        var request: Request
        var probe: KeyProbe?
    }

    private var storage: UnsafeMutablePointer<Line>
    private var capacity = 8
    private(set) var count = 0
    /// What stands in the place of requests that could not be read, in order.
    private var failures: [(position: Int, error: WireError)] = []

    init() {
        storage = Self.allocate(capacity)
    }

    deinit { storage.deallocate() }

    var isEmpty: Bool { count == 0 }

    subscript(position: Int) -> Request {
        @inline(__always) unsafeAddress {
            precondition(position < count)
            return UnsafePointer(UnsafeRawPointer(storage + position).assumingMemoryBound(to: Request.self))
        }
    }

    /// Where the entry of a request's key is looked for, if that was found out beforehand.
    @inline(__always)
    func probe(at position: Int) -> KeyProbe? { storage[position].probe }

    @inline(__always)
    mutating func setProbe(_ probe: KeyProbe, at position: Int) { storage[position].probe = probe }

    /// Why the line at a position is no request, if so.
    @inline(__always)
    func failure(at position: Int) -> WireError? {
        failures.isEmpty ? nil : failures.first { $0.position == position }?.error
    }

    /// The place of the next request, for which there is room always. It counts from `addNext` on.
    var next: Request {
        @inline(__always) unsafeAddress {
            UnsafePointer(UnsafeRawPointer(storage + count).assumingMemoryBound(to: Request.self))
        }
        @inline(__always) unsafeMutableAddress {
            UnsafeMutableRawPointer(storage + count).assumingMemoryBound(to: Request.self)
        }
    }

    @inline(__always)
    mutating func addNext() {
        storage[count].probe = nil
        count &+= 1
        if count == capacity { grow() }
    }

    mutating func append(failure: WireError) {
        failures.append((count, failure))
        next = .none
        addNext()
    }

    @inline(__always)
    mutating func removeAll() {
        count = 0
        if !failures.isEmpty { failures = [] }
    }

    private mutating func grow() {
        let larger = Self.allocate(2 * capacity)
        // It owns nothing: what it refers to is in the input and in the batch.
        larger.update(from: storage, count: count)
        storage.deallocate()
        storage = larger
        capacity *= 2
    }

    private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Line> {
        let lines = UnsafeMutablePointer<Line>.allocate(capacity: capacity)
        lines.initialize(repeating: Line(request: .none, probe: nil), count: capacity)
        return lines
    }
}
