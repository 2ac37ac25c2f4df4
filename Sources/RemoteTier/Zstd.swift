internal import CZstd

/// Compression at the fastest level that pays; what comes from outside is never trusted for its size.
enum Zstd {
    /// - Returns: `nil` if it would not save an eighth.
    static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        let most = bytes.count - bytes.count / 8
        var failed = false
        let compressed = [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
            let result = bytes.withUnsafeBytes {
                ZSTD_compress(buffer.baseAddress, buffer.count, $0.baseAddress, $0.count, 1)
            }
            failed = ZSTD_isError(result) != 0
            count = failed ? 0 : result
        }
        return failed ? nil : compressed
    }

    /// - Parameter size: what it has to become.
    /// - Returns: `nil` if it is damaged, or of another size.
    static func decompress(_ bytes: ArraySlice<UInt8>, size: Int) -> [UInt8]? {
        var isWhole = false
        let plain = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            let result = bytes.withUnsafeBytes {
                ZSTD_decompress(buffer.baseAddress, size, $0.baseAddress, $0.count)
            }
            isWhole = ZSTD_isError(result) == 0 && result == size
            count = isWhole ? size : 0
        }
        return isWhole ? plain : nil
    }
}
