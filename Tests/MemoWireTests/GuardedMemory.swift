internal import Glibc
internal import MemoWire

/// Memory that ends where reading on is a fault: a text put at its end cannot be read over unnoticed.
final class GuardedMemory {
    private let base: UnsafeMutableRawPointer
    private let capacity: Int
    private let page = Int(sysconf(Int32(_SC_PAGESIZE)))

    init(pages: Int = 16) {
        capacity = pages * page
        base = mmap(
            nil, capacity + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
        precondition(base != MAP_FAILED && mprotect(base + capacity, page, PROT_NONE) == 0)
    }

    deinit {
        munmap(base, capacity + page)
    }

    func place(_ text: [UInt8]) -> Bytes {
        precondition(text.count <= capacity)
        let start = base + (capacity - text.count)
        text.withUnsafeBytes { source in
            if let address = source.baseAddress { start.copyMemory(from: address, byteCount: source.count) }
        }
        return Bytes(start: start, count: text.count)
    }
}
