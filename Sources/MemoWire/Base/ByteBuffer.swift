internal import Glibc

/// A growable run of bytes in memory of its own: a connection's unread input, or its unsent output.
///
/// Bytes are appended at the end and removed from the front. Views (`bytes`) hold until the next call that
/// changes the buffer.
public struct ByteBuffer: ~Copyable {
    @usableFromInline var storage: UnsafeMutableRawPointer?
    /// How many bytes the storage holds, including those already removed from the front.
    public private(set) var capacity: Int
    @usableFromInline var start = 0
    @usableFromInline var end = 0
    /// The furthest byte that an earlier content reached.
    private var highWater = 0

    /// A buffer with room for `capacity` bytes; none is allocated for 0.
    public init(capacity: Int = 0) {
        precondition(capacity >= 0)
        self.capacity = capacity
        storage = capacity == 0 ? nil : Self.allocate(capacity)
    }

    deinit { free(storage) }

    private static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
        guard let memory = malloc(bytes) else { fatalError("no memory for a buffer of \(bytes) bytes") }
        return memory
    }

    /// The number of bytes held.
    @inlinable public var count: Int { end &- start }

    @inlinable public var isEmpty: Bool { end == start }

    /// A view of the bytes held.
    @inlinable public var bytes: Bytes {
        guard let storage else { return Bytes(start: nil, count: 0) }
        return Bytes(start: storage + start, count: end &- start)
    }

    /// Makes sure that `additional` more bytes can be appended without another allocation.
    @inlinable public mutating func reserve(_ additional: Int) {
        if capacity &- end < additional { grow(additional) }
    }

    @inlinable public mutating func append(_ byte: UInt8) {
        reserve(1)
        storage.unsafelyUnwrapped.storeBytes(of: byte, toByteOffset: end, as: UInt8.self)
        end &+= 1
    }

    /// Appends a copy of `bytes`, which must not be a view of this buffer.
    @inlinable public mutating func append(_ bytes: Bytes) {
        guard let source = bytes.baseAddress else { return }
        append(source, bytes.count)
    }

    /// Appends the UTF-8 of a string literal as it stands, without quotes or escapes.
    @inlinable public mutating func append(_ literal: StaticString) {
        precondition(literal.hasPointerRepresentation)
        append(UnsafeRawPointer(literal.utf8Start), literal.utf8CodeUnitCount)
    }

    @inlinable mutating func append(_ source: UnsafeRawPointer, _ length: Int) {
        guard length > 0 else { return }
        reserve(length)
        (storage.unsafelyUnwrapped + end).copyMemory(from: source, byteCount: length)
        end &+= length
    }

    /// Appends what is written at the place that `write` is given, which it moves behind that: `count` bytes at most.
    @inlinable @inline(__always)
    mutating func append(atMost count: Int, _ write: (inout UnsafeMutableRawPointer) -> Void) {
        reserve(count)
        let first = storage.unsafelyUnwrapped + end
        var next = first
        write(&next)
        end &+= next - first
    }

    /// Room for at least `minimum` bytes behind those held, to be filled from outside and then committed.
    @inlinable public mutating func prepare(minimum: Int) -> UnsafeMutableRawBufferPointer {
        reserve(minimum)
        guard let storage else { return UnsafeMutableRawBufferPointer(start: nil, count: 0) }
        return UnsafeMutableRawBufferPointer(start: storage + end, count: capacity &- end)
    }

    /// Takes over the first `count` bytes written into what `prepare` returned.
    @inlinable public mutating func commit(_ count: Int) {
        precondition(count >= 0 && count <= capacity &- end)
        end &+= count
    }

    /// Removes `count` bytes from the front. Nothing is moved until room is needed.
    @inlinable public mutating func removeFirst(_ count: Int) {
        precondition(count >= 0 && count <= end &- start)
        start &+= count
        if start == end { removeAll(keepingCapacity: true) }
    }

    /// Removes the bytes behind the first `count`.
    public mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= end - start)
        highWater = max(highWater, end)
        end = start + count
    }

    public mutating func removeAll(keepingCapacity: Bool) {
        if keepingCapacity {
            highWater = max(highWater, end)
        } else {
            free(storage)
            storage = nil
            capacity = 0
            highWater = 0
        }
        start = 0
        end = 0
    }

    /// Removes everything and overwrites with zeroes every byte of the storage that was ever used, so that
    /// the buffer can be given to another connection.
    public mutating func erase() {
        let used = max(highWater, end)
        storage?.initializeMemory(as: UInt8.self, repeating: 0, count: used)
        start = 0
        end = 0
        highWater = 0
    }

    /// From this size on the kernel moves a block's pages to a larger place, and nothing is copied.
    private static var movedBytes: Int { 2 << 20 }

    /// Makes room for `additional` bytes: by moving the content to the front if that wins at least as much
    /// as it copies, else by doubling the storage.
    @usableFromInline mutating func grow(_ additional: Int) {
        precondition(additional >= 0)
        let count = end - start
        let needed = count + additional
        if needed <= capacity, start >= count, let storage {
            storage.copyMemory(from: storage + start, byteCount: count)
            highWater = max(highWater, end)
        } else {
            let larger = max(needed, 2 * capacity, 256)
            if larger >= Self.movedBytes, start == 0, let moved = realloc(storage, larger) {
                storage = moved
                capacity = larger
                return
            }
            let fresh = Self.allocate(larger)
            if let storage {
                fresh.copyMemory(from: storage + start, byteCount: count)
                free(storage)
            }
            storage = fresh
            capacity = larger
            highWater = 0
        }
        start = 0
        end = count
    }
}

extension UnsafeMutableRawPointer {
    @inlinable @inline(__always)
    mutating func put(_ literal: StaticString) {
        copyMemory(from: UnsafeRawPointer(literal.utf8Start), byteCount: literal.utf8CodeUnitCount)
        self += literal.utf8CodeUnitCount
    }

    @inlinable @inline(__always)
    mutating func put(_ bytes: Bytes) {
        guard let source = bytes.baseAddress else { return }
        copyMemory(from: source, byteCount: bytes.count)
        self += bytes.count
    }
}
