internal import Crypto
package import RemoteLink

/// Entries as they stand on the server.
///
///     V generation(16) version(1) flags(1) body checksum(8)
///     V generation(16) version(1) flags(1) key-id(4) nonce(12) sealed-body tag(16)
///     T generation(16)                                             a tombstone
///
/// The body: epochs of namespace and function, tags with theirs, lengths of ttl and grace, cost, function, key, size of the
/// value, value. Header and name of the entry are sealed with it. What does not open, is of another function or key, or of a
/// later version is no entry.
package struct Envelope: Sendable {
    private static let version: UInt8 = 1
    private static let headerSize = 19
    private static let checksumSize = 8
    private static let value = UInt8(ascii: "V")
    private static let tombstone = UInt8(ascii: "T")
    private static let isCompressed: UInt8 = 1
    private static let isSealed: UInt8 = 2
    /// Smaller values are not worth compressing.
    private static let compressedLeast = 1024

    private let namespace: [UInt8]
    private let keys: SealingKeys?
    /// The largest value, also of what is inflated.
    private let valueMax: Int

    package init(namespace: [UInt8], keys: SealingKeys?, valueMax: Int) {
        self.namespace = namespace
        self.keys = keys
        self.valueMax = valueMax
    }

    package static func tombstone(_ generation: Generation) -> [UInt8] { [tombstone] + generation.bytes }

    /// - Parameter name: what it is called on the server.
    package func encode(_ entry: SharedValue, function: [UInt8], key: [UInt8], name: [UInt8]) -> [UInt8] {
        var flags: UInt8 = keys == nil ? 0 : Self.isSealed
        var value = entry.value
        if value.count >= Self.compressedLeast, let smaller = Zstd.compress(value) {
            value = smaller
            flags |= Self.isCompressed
        }
        var body = FrameWriter(reserving: value.count + function.count + key.count + 128)
        body.number(entry.namespaceEpoch)
        body.number(entry.functionEpoch)
        body.list(entry.tags) { writer, tag in
            writer.string(tag.name)
            writer.number(tag.epoch)
        }
        body.number(entry.ttlMs.map { UInt64(max(0, $0)) + 1 } ?? 0)
        body.number(UInt64(max(0, entry.graceMs)))
        body.number(UInt64(entry.costMs))
        body.string(function)
        body.string(key)
        body.number(UInt64(entry.value.count))
        body.string(value)
        let content = body.finish().dropFirst(4)

        var envelope = [Self.value] + entry.generation.bytes + [Self.version, flags]
        guard let key = keys?.keys.first else {
            envelope += content
            envelope += Self.checksum(envelope[...])
            return envelope
        }
        envelope += key.id
        // Fails for messages of 64 GiB only.
        let sealed = try! AES.GCM.seal(
            content, using: key.subkey(namespace: namespace, function: function),
            authenticating: envelope + name)
        envelope += sealed.combined!
        return envelope
    }

    package enum Content: Equatable, Sendable {
        case value(SharedValue)
        case tombstone(Generation)
    }

    /// - Returns: `nil` for what is no entry of this function and key.
    package func decode(_ bytes: [UInt8], function: [UInt8], key: [UInt8], name: [UInt8]) -> Content? {
        guard bytes.count >= 1 + Generation.size,
            let generation = Generation(bytes[1..<1 + Generation.size])
        else { return nil }
        if bytes[0] == Self.tombstone {
            return bytes.count == 1 + Generation.size ? .tombstone(generation) : nil
        }
        guard bytes[0] == Self.value, bytes.count > Self.headerSize, bytes[17] == Self.version,
            bytes[18] & ~(Self.isCompressed | Self.isSealed) == 0,
            let body = open(bytes, function: function, name: name)
        else { return nil }
        guard var entry = try? read(body, function: function, key: key, isCompressed: bytes[18] & 1 != 0)
        else {
            return nil
        }
        entry.generation = generation
        return .value(entry)
    }

    private func open(_ bytes: [UInt8], function: [UInt8], name: [UInt8]) -> ArraySlice<UInt8>? {
        guard let keys else {
            guard bytes[18] & Self.isSealed == 0, bytes.count >= Self.headerSize + Self.checksumSize else {
                return nil
            }
            let end = bytes.count - Self.checksumSize
            let isWhole = SHA256.hash(bytes[..<end]).withUnsafeBytes { digest in
                (0..<Self.checksumSize).allSatisfy { digest[$0] == bytes[end + $0] }
            }
            guard isWhole else { return nil }
            return bytes[Self.headerSize..<end]
        }
        let headerEnd = Self.headerSize + SealingKeys.idSize
        guard bytes[18] & Self.isSealed != 0, bytes.count > headerEnd,
            let key = keys.keys.first(where: { $0.id.elementsEqual(bytes[Self.headerSize..<headerEnd]) }),
            let box = try? AES.GCM.SealedBox(combined: bytes[headerEnd...]),
            let plain = try? AES.GCM.open(
                box, using: key.subkey(namespace: namespace, function: function),
                authenticating: bytes[..<headerEnd] + name)
        else { return nil }
        return Array(plain)[...]
    }

    private struct Foreign: Error {}

    private func read(
        _ body: ArraySlice<UInt8>, function: [UInt8], key: [UInt8], isCompressed: Bool
    ) throws -> SharedValue {
        var reader = FrameReader(body)
        let namespaceEpoch = try reader.number()
        let functionEpoch = try reader.number()
        let tags = try reader.list(each: 2) { reader throws(FrameError) in
            SharedValue.Tag(name: try reader.string(), epoch: try reader.number())
        }
        let ttl = try reader.number()
        let grace = try reader.number()
        let cost = try reader.number()
        guard try reader.reads(function), try reader.reads(key) else { throw Foreign() }
        let size = try reader.number()
        let stored = try reader.string()
        try reader.end()
        guard size <= UInt64(valueMax) else { throw Foreign() }
        let value: [UInt8]
        if isCompressed {
            guard let plain = Zstd.decompress(stored[...], size: Int(size)) else { throw Foreign() }
            value = plain
        } else {
            guard stored.count == Int(size) else { throw Foreign() }
            value = stored
        }
        return SharedValue(
            namespaceEpoch: namespaceEpoch, functionEpoch: functionEpoch, tags: tags,
            ttlMs: ttl == 0 ? nil : Int64(clamping: ttl - 1), graceMs: Int64(clamping: grace),
            costMs: UInt32(clamping: cost), value: value)
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        Array(SHA256.hash(bytes).prefix(checksumSize))
    }
}
