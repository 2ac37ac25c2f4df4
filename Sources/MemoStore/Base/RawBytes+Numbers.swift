/// Numbers as blobs have them: 8 bytes each, little-endian.
extension Sequence<Int64> {
    var blob: [UInt8] { map { $0.littleEndian }.withUnsafeBytes { Array($0) } }
}

extension UnsafeRawBufferPointer {
    /// Without what is left over at the end.
    var numbers: [Int64] {
        stride(from: 0, to: count & ~7, by: 8).map {
            Int64(littleEndian: loadUnaligned(fromByteOffset: $0, as: Int64.self))
        }
    }
}
