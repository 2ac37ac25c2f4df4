internal import Glibc

/// Small records of one size, handed out and taken back one by one. Memory goes back to the system by whole chunks, as
/// soon as none of a chunk's records is in use.
struct NodePool<Node: BitwiseCopyable>: ~Copyable {
    /// No record has this number.
    static var none: UInt32 { 0 }
    /// Whole pages whatever the size of a record.
    private static var chunk: Int { 4096 }

    private struct Chunk {
        /// Records up to here were handed out at least once.
        var used: UInt32 = 0
        var live: UInt32 = 0
        /// The first that came back; the others are linked through their first word.
        var free: UInt32 = NodePool.none
        /// It is among the chunks that have room.
        var isListed = false
    }

    private var nodes: ReservedArray<Node>
    private var chunks: [Chunk] = []
    private var withRoom: [UInt32] = []
    /// Records in use.
    private(set) var count = 0

    /// - Returns: `nil` if the address space is not to be had.
    init?(capacity: Int) {
        precondition(MemoryLayout<Node>.stride >= 4)
        guard let nodes = ReservedArray<Node>(capacity: capacity) else { return nil }
        self.nodes = nodes
    }

    /// Memory that records in use take, about.
    var bytes: Int { count * MemoryLayout<Node>.stride }

    /// Numbers below this were handed out at some time.
    var end: UInt32 { UInt32(chunks.count * Self.chunk) }

    subscript(number: UInt32) -> Node {
        @inline(__always) unsafeAddress { UnsafePointer(nodes.base + Int(number)) }
        @inline(__always) unsafeMutableAddress { nodes.base + Int(number) }
    }

    /// - Returns: `nil` at capacity or if memory is exhausted.
    mutating func insert(_ node: Node) -> UInt32? {
        guard let chunk = chunkWithRoom() else { return nil }
        let number: UInt32
        if chunks[chunk].free != Self.none {
            number = chunks[chunk].free
            chunks[chunk].free = UnsafeRawPointer(nodes.base + Int(number)).load(as: UInt32.self)
        } else {
            number = UInt32(chunk * Self.chunk) + chunks[chunk].used
            chunks[chunk].used += 1
        }
        chunks[chunk].live += 1
        if chunks[chunk].free == Self.none, chunks[chunk].used == Self.chunk {
            chunks[chunk].isListed = false
            withRoom.removeLast()
        }
        count += 1
        nodes.base[Int(number)] = node
        return number
    }

    /// The chunk at the end of the list, which has room.
    private mutating func chunkWithRoom() -> Int? {
        if let last = withRoom.last { return Int(last) }
        let chunk = chunks.count
        guard nodes.grow(to: (chunk + 1) * Self.chunk) else { return nil }
        // The very first record is the one that there is none of.
        chunks.append(Chunk(used: chunk == 0 ? 1 : 0, isListed: true))
        withRoom.append(UInt32(chunk))
        return chunk
    }

    /// Takes a record back. Its first word is then used here; the others read as zero.
    mutating func remove(_ number: UInt32) {
        let chunk = Int(number) / Self.chunk
        count -= 1
        chunks[chunk].live -= 1
        if chunks[chunk].live == 0 {
            nodes.release(chunk * Self.chunk..<(chunk + 1) * Self.chunk)
            chunks[chunk].used = chunk == 0 ? 1 : 0
            chunks[chunk].free = Self.none
        } else {
            let place = UnsafeMutableRawPointer(nodes.base + Int(number))
            memset(place, 0, MemoryLayout<Node>.stride)
            place.storeBytes(of: chunks[chunk].free, as: UInt32.self)
            chunks[chunk].free = number
        }
        guard !chunks[chunk].isListed else { return }
        chunks[chunk].isListed = true
        withRoom.append(UInt32(chunk))
    }
}
