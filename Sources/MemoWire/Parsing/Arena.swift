/// Memory handed out bit by bit and taken back all at once. What was handed out does not move.
struct Arena: ~Copyable {
    private static let chunkBytes = 16 << 10

    private var chunks: [UnsafeMutableRawBufferPointer] = []
    /// The free rest of the newest chunk.
    private var free = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    deinit {
        for chunk in chunks { chunk.deallocate() }
    }

    /// Room for `count` bytes, not aligned, until `removeAll`.
    @inline(__always) mutating func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if count > free.count { addChunk(atLeast: count) }
        let taken = UnsafeMutableRawBufferPointer(rebasing: free[..<count])
        free = UnsafeMutableRawBufferPointer(rebasing: free[count...])
        return taken
    }

    /// Gives back the last `count` bytes of the room handed out last.
    @inline(__always) mutating func giveBack(_ count: Int) {
        guard count > 0, let start = free.baseAddress else { return }
        free = UnsafeMutableRawBufferPointer(start: start - count, count: free.count &+ count)
    }

    mutating func copy(_ bytes: Bytes) -> Bytes {
        let target = allocate(bytes.count)
        target.copyMemory(from: bytes)
        return Bytes(target)
    }

    /// Decodes what stands between the quotes of a string. What has no escapes is not copied.
    ///
    /// - Returns: The bytes, and whether they are valid UTF-8: unpaired surrogates are written as if they
    ///   were characters.
    @inline(__always) mutating func decode(_ characters: Bytes) -> (bytes: Bytes, isUnicode: Bool) {
        JSONText.hasEscapes(characters) ? decodeEscaped(characters) : (characters, true)
    }

    private mutating func decodeEscaped(_ characters: Bytes) -> (bytes: Bytes, isUnicode: Bool) {
        let target = allocate(characters.count)
        guard let base = target.baseAddress else { return (characters, true) }
        let (count, isUnicode) = JSONText.decode(characters, to: base.assumingMemoryBound(to: UInt8.self))
        giveBack(target.count &- count)
        return (Bytes(rebasing: target[..<count]), isUnicode)
    }

    /// Takes everything back; one chunk of ordinary size is kept for the next requests.
    mutating func removeAll() {
        guard let first = chunks.first else { return }
        for chunk in chunks.dropFirst() { chunk.deallocate() }
        if first.count > Self.chunkBytes {
            first.deallocate()
            chunks.removeAll(keepingCapacity: true)
            free = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        } else {
            if chunks.count > 1 { chunks.removeSubrange(1...) }
            free = first
        }
    }

    private mutating func addChunk(atLeast count: Int) {
        let chunk = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(count, Self.chunkBytes), alignment: 16)
        chunks.append(chunk)
        free = chunk
    }
}
