/// Writes keys in canonical form, so that two keys are the same JSON value exactly when their bytes are equal.
///
/// White space is left out and members are sorted by the bytes of their names; strings escape only what must
/// be, in the shortest way; numbers are written by `append(_:typed:)`. Linear in the key's length but for
/// the sorting, and it does not recurse.
struct KeyCanonicalizer: ~Copyable {
    /// Why a key has no canonical form.
    enum Fault: Error {
        case repeatedMember(offset: Int)
        case unpairedSurrogate(offset: Int)
        case exponent(offset: Int)
        case tooLarge
    }

    /// An object's member: its decoded name, where the name and the value begin, and how many objects begin
    /// before that.
    struct Member {
        var name: Bytes
        var start: Int
        var value: Int
        var ordinal: Int
    }

    /// An object, by the order in which they begin: its members, sorted; where it ends, and how many objects
    /// begin before that.
    struct Object {
        var members: Range<Int>
        var end: Int
        var ordinal: Int
    }

    /// A container that is being written. `object` is -1 for an array.
    struct Frame {
        var object: Int
        var next: Int
    }

    /// What is kept for the next key, in elements; more than this is freed with the batch.
    static let retained = 4096

    var text = Bytes(start: nil, count: 0)
    var members: [Member] = []
    var objects: [Object] = []
    /// Members of the objects that are open while the key is indexed.
    var pending: [Member] = []
    var frames: [Frame] = []
    var output = ByteBuffer()
    /// A number in the key has another form for typed functions.
    var isTypedDifferent = false
    /// Where a member name had an unpaired surrogate.
    var surrogateOffset: Int?

    /// The canonical forms of a key.
    ///
    /// - Parameter text: A JSON value that the scanner has passed over, without white space around it.
    /// - Parameter traits: What the scanner saw in it.
    /// - Parameter arena: Where the forms are written, unless the text is canonical as it stands.
    mutating func canonicalize(
        _ text: Bytes, traits: JSONScanner.Traits, arena: inout Arena
    ) throws(Fault) -> CanonicalKey {
        guard text.count <= WireLimits.spelledKeyBytes else { throw .tooLarge }
        let key = try rewrite(text, traits: traits, arena: &arena)
        // Of keys that are the same either all are too large or none.
        guard max(key.bytes.count, key.typedBytes.count) <= WireLimits.keyBytes else { throw .tooLarge }
        return key
    }

    private mutating func rewrite(
        _ text: Bytes, traits: JSONScanner.Traits, arena: inout Arena
    ) throws(Fault) -> CanonicalKey {
        if traits.isEmpty { return CanonicalKey(bytes: text, typedBytes: text) }
        self.text = text
        surrogateOffset = nil
        isTypedDifferent = false
        if traits.contains(.object) {
            let isSorted = try index(arena: &arena)
            if isSorted, traits == .object { return CanonicalKey(bytes: text, typedBytes: text) }
            if isSorted, traits == [.object, .spaced] { return withoutSpace(arena: &arena) }
        } else if traits == .spaced {
            return withoutSpace(arena: &arena)
        }
        if let surrogateOffset { throw .unpairedSurrogate(offset: surrogateOffset) }
        try write(typed: false)
        let bytes = arena.copy(output.bytes)
        guard isTypedDifferent else { return CanonicalKey(bytes: bytes, typedBytes: bytes) }
        try write(typed: true)
        return CanonicalKey(bytes: bytes, typedBytes: arena.copy(output.bytes))
    }

    /// The text without the white space between its tokens: all that keeps it from being canonical. No string has escapes.
    private func withoutSpace(arena: inout Arena) -> CanonicalKey {
        let target = arena.allocate(text.count)
        guard let source = text.baseAddress, let start = target.baseAddress else {
            return CanonicalKey(bytes: text, typedBytes: text)
        }
        var count = 0
        var isInString: UInt8 = 0
        for index in 0..<text.count {
            let byte = source.load(fromByteOffset: index, as: UInt8.self)
            start.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
            isInString ^= byte == UInt8(ascii: "\"") ? 1 : 0
            count &+= Int(isInString | (byte > 0x20 ? 1 : 0))
        }
        arena.giveBack(target.count &- count)
        let bytes = Bytes(start: start, count: count)
        return CanonicalKey(bytes: bytes, typedBytes: bytes)
    }

    /// Gives back what unusually large keys needed.
    mutating func trim() {
        if members.capacity > Self.retained { members = [] }
        if objects.capacity > Self.retained { objects = [] }
        if pending.capacity > Self.retained { pending = [] }
        if output.capacity > 1 << 16 { output.removeAll(keepingCapacity: false) }
    }
}
