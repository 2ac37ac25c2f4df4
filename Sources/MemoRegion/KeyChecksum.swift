/// CRC-32 as zlib has it, eight bytes at a time: the one hash that readers without compiled code have at hand. Whoever
/// makes keys collide only makes them share two buckets of eight words, which bounds what a look-up does.
struct KeyChecksum: @unchecked Sendable {  // The tables are written once.
    private let tables: UnsafePointer<UInt32>

    static let shared = KeyChecksum()

    private init() {
        let tables = UnsafeMutablePointer<UInt32>.allocate(capacity: 8 * 256)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
            tables[byte] = crc
        }
        for byte in 0..<256 {
            for table in 1..<8 {
                let before = tables[(table - 1) * 256 + byte]
                tables[table * 256 + byte] = tables[Int(before & 255)] ^ (before >> 8)
            }
        }
        self.tables = UnsafePointer(tables)
    }

    /// - Parameter start: the checksum of what comes before, as zlib's `crc32` takes it.
    @inline(__always)
    func callAsFunction(_ bytes: UnsafeRawBufferPointer, start: UInt32) -> UInt32 {
        var crc = ~start
        var offset = 0
        while offset &+ 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) ^ UInt64(crc)
            crc = 0
            var table = 7
            var rest = word
            while table >= 0 {
                crc ^= tables[table &* 256 &+ Int(truncatingIfNeeded: rest & 255)]
                rest >>= 8
                table &-= 1
            }
            offset &+= 8
        }
        while offset < bytes.count {
            crc = tables[Int(truncatingIfNeeded: (crc ^ UInt32(bytes[offset])) & 255)] ^ (crc >> 8)
            offset &+= 1
        }
        return ~crc
    }
}

/// Where a key is looked for: in the bucket and in the one beside it, by the tag.
struct KeyPosition {
    let bucket: Int
    let tag: UInt32

    @inline(__always)
    init(
        function: UInt32, key: UnsafeRawBufferPointer, seed: UInt32, bucketMask: Int, _ checksum: KeyChecksum
    ) {
        let sum = checksum(key, start: seed ^ function)
        bucket = Int(truncatingIfNeeded: sum) & bucketMask
        tag = sum == 0 ? 1 : sum
    }
}
