/// The blob `entry.head`, little-endian:
///
///      0  check u32      of all that follows and the row
///      4  function u32
///      8  hash u64
///     16  expires i64
///     24  key bytes u32
///     28  value bytes u32
///     32  shared i64     its row in shared_value, or 0
///     40  tags u32 each
enum EntryRecord {
    static let fixedBytes = 40

    static func size(tags: Int) -> Int { fixedBytes + 4 * tags }

    /// - Parameter target: as many bytes as `size` says.
    static func encode(
        row: Int64, function: FunctionID, hash: UInt64, shared: Int64, payload: Payload,
        into target: UnsafeMutableRawBufferPointer
    ) {
        let value = payload.value.count
        target.storeBytes(of: function.rawValue.littleEndian, toByteOffset: 4, as: UInt32.self)
        target.storeBytes(of: hash.littleEndian, toByteOffset: 8, as: UInt64.self)
        target.storeBytes(of: payload.expires.littleEndian, toByteOffset: 16, as: Int64.self)
        target.storeBytes(of: UInt32(payload.key.count).littleEndian, toByteOffset: 24, as: UInt32.self)
        target.storeBytes(of: UInt32(value).littleEndian, toByteOffset: 28, as: UInt32.self)
        target.storeBytes(of: shared.littleEndian, toByteOffset: 32, as: Int64.self)
        var offset = fixedBytes
        for tag in payload.tags {
            target.storeBytes(of: tag.rawValue.littleEndian, toByteOffset: offset, as: UInt32.self)
            offset += 4
        }
        seal(target, row: row)
    }

    static func isSound(_ record: UnsafeRawBufferPointer, row: Int64) -> Bool {
        guard record.count >= fixedBytes, record.count % 4 == 0 else { return false }
        return UInt32(littleEndian: record.loadUnaligned(as: UInt32.self)) == check(record, row: row)
    }

    /// - Parameter record: one that `isSound`.
    static func decode(_ record: UnsafeRawBufferPointer, row: Int64) -> EntryHead {
        EntryHead(
            row: row,
            function: FunctionID(
                UInt32(littleEndian: record.loadUnaligned(fromByteOffset: 4, as: UInt32.self))),
            hash: UInt64(littleEndian: record.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
            expires: Int64(littleEndian: record.loadUnaligned(fromByteOffset: 16, as: Int64.self)),
            keyBytes: Int(UInt32(littleEndian: record.loadUnaligned(fromByteOffset: 24, as: UInt32.self))),
            valueBytes: Int(UInt32(littleEndian: record.loadUnaligned(fromByteOffset: 28, as: UInt32.self))),
            tags: record.count == fixedBytes
                ? []
                : (0..<(record.count - fixedBytes) / 4).map {
                    TagID(
                        UInt32(
                            littleEndian: record.loadUnaligned(
                                fromByteOffset: fixedBytes + 4 * $0, as: UInt32.self)))
                })
    }

    static func shared(_ record: UnsafeRawBufferPointer) -> Int64 {
        Int64(littleEndian: record.loadUnaligned(fromByteOffset: 32, as: Int64.self))
    }

    private static func seal(_ record: UnsafeMutableRawBufferPointer, row: Int64) {
        record.storeBytes(
            of: check(UnsafeRawBufferPointer(record), row: row).littleEndian, as: UInt32.self)
    }

    private static func check(_ record: UnsafeRawBufferPointer, row: Int64) -> UInt32 {
        UInt32(
            truncatingIfNeeded: Checksum.of(
                UnsafeRawBufferPointer(rebasing: record[4...]), seed: UInt64(bitPattern: row)))
    }
}
