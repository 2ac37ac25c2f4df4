/// Reads requests, and holds what they refer to: decoded strings, canonical keys, lists. Requests stay valid
/// until `removeAll()`, as long as the lines they were read from do. Made once and used again, a batch does
/// not allocate for requests of ordinary size.
public struct RequestParser: ~Copyable {
    /// The keys of all `mget`s since `removeAll()`.
    public internal(set) var keys: [CanonicalKey] = []
    /// The entries of all `put`s and `mput`s since `removeAll()`.
    public internal(set) var entries: [PutFields] = []
    /// The tags of all entries since `removeAll()`.
    public internal(set) var tags: [Bytes] = []

    /// The mismatches of all `report`s since `removeAll()`.
    public internal(set) var mismatches: [MismatchFields] = []

    var arena = Arena()
    var canonicalizer = KeyCanonicalizer()
    var request = RequestFields()
    var spellings = Spellings()
    var entry = RequestFields()
    /// The line that is being read.
    var line = Bytes(start: nil, count: 0)
    /// The first thing found wrong with a key or an entry, held back until all of the line is known to be
    /// good JSON.
    var fault: WireError?
    /// Bytes of keys that were rewritten since `removeAll()`, and how many there may be: reading a line that would need
    /// more is given up, with an error that is none of the line's, and `gaveUp` says so.
    public private(set) var rewrittenBytes = 0
    public var rewrittenBytesMax = Int.max
    public private(set) var gaveUp = false
    private let operations = OperationShape.table
    private let getShape = OperationShape.get
    private let putShape = OperationShape.put

    public init() {}

    /// Takes back everything that requests refer to; memory for ordinary ones is kept.
    public mutating func removeAll() {
        arena.removeAll()
        canonicalizer.trim()
        rewrittenBytes = 0
        gaveUp = false
        if !keys.isEmpty { keys.removeAll(keepingCapacity: keys.capacity <= 2 * WireLimits.batchElements) }
        if !entries.isEmpty {
            entries.removeAll(keepingCapacity: entries.capacity <= 2 * WireLimits.batchElements)
        }
        if !mismatches.isEmpty { mismatches.removeAll() }
        if !tags.isEmpty { tags.removeAll(keepingCapacity: tags.capacity <= 2 * WireLimits.batchElements) }
    }

    /// Reads one line, found by `LineFramer`.
    ///
    /// Bad JSON is found first, wherever it is, then what is too large, then a bad `op`, then bad fields.
    ///
    /// - Returns: The request, whose views point into `line` and this batch.
    public mutating func parse(_ line: Bytes, limits: WireLimits) throws(WireError) -> Request {
        guard line.count <= limits.lineBytes else {
            throw WireError.lineTooLong(limit: limits.lineBytes)
        }
        let (keyCount, entryCount, tagCount) = (keys.count, entries.count, tags.count)
        self.line = line
        let known = spellings.read(line, into: &request)
        if known == nil {
            do {
                try scanRequest()
            } catch {
                throw WireError(code: .badJSON, message: describe(error))
            }
        }
        let reader = FieldReader(request)
        let id = reader.has(.id) ? reader.text(.id) : nil
        do {
            if let isGet = known ?? usualOperation(reader) {
                let request = try readUsual(reader, id: id, isGet: isGet)
                if known == nil { spellings.learn(line, reader, isGet: isGet) }
                return request
            }
            return try read(reader, id: id)
        } catch {
            keys.removeSubrange(keyCount...)
            entries.removeSubrange(entryCount...)
            tags.removeSubrange(tagCount...)
            fault = nil
            var error = error
            if error.code != .badJSON { error.id = id }
            throw error
        }
    }

    /// Takes note that a key is about to be rewritten, or gives up.
    mutating func spend(_ bytes: Int) throws(WireError) {
        rewrittenBytes += bytes
        guard rewrittenBytes <= rewrittenBytesMax else {
            gaveUp = true
            throw WireError(code: .busy, message: "the line takes long to read")
        }
    }

    private mutating func scanRequest() throws(JSONError) {
        var scanner = JSONScanner(line)
        try scanner.skipByteOrderMark()
        scanner.skipWhitespace()
        guard scanner.peek == UInt8(ascii: "{") else { throw JSONError(.object, at: scanner.position) }
        try request.scan(&scanner, depth: 1, arena: &arena)
        scanner.skipWhitespace()
        guard scanner.position == scanner.end else { throw JSONError(.end, at: scanner.position) }
    }

    /// Whether it is a `get` or a `put`, with the fields that it needs and no others.
    /// - Returns: `nil` for all others.
    private func usualOperation(_ reader: FieldReader) -> Bool? {
        let operation = reader.spans[Field.op.index].text
        guard reader.has(.op), operation.count == 5, request.unknown.isEmpty else { return nil }
        // Four bytes behind the first quote.
        let word = (operation.baseAddress.unsafelyUnwrapped + 1).loadUnaligned(as: UInt32.self).littleEndian
        let isGet = word == 0x2274_6567
        guard isGet || word == 0x2274_7570 else { return nil }
        let shape = isGet ? getShape : putShape
        guard reader.present.isSubset(of: shape.allowed), shape.required.isSubset(of: reader.present) else {
            return nil
        }
        return isGet
    }

    /// Nearly all requests: a `get` or a `put` that has the fields it needs, and no others.
    @inline(__always)
    private mutating func readUsual(
        _ reader: FieldReader, id: Bytes?, isGet: Bool
    ) throws(WireError) -> Request {
        let key = try readKey(reader)
        if let fault { throw fault }
        let function = try reader.string(.fn, lengths: 1...WireLimits.functionBytes, arena: &arena)!
        return Request(id: id, function: function, body: try readBody(reader, key, isGet: isGet))
    }

    @inline(__always)
    private mutating func readBody(
        _ reader: FieldReader, _ key: CanonicalKey, isGet: Bool
    ) throws(WireError) -> Request.Body {
        if isGet { return .get(key, try readGet(reader)) }
        entries.append(try readPut(reader, key: key))
        return .put(entries.count - 1)
    }

    private mutating func read(_ reader: FieldReader, id: Bytes?) throws(WireError) -> Request {
        var key: CanonicalKey?
        if reader.has(.key) { key = try readKey(reader) }
        let keyRange = reader.has(.keys) ? try readKeys(reader) : 0..<0
        let entryRange = reader.has(.entries) ? try readEntries(reader) : 0..<0
        if let fault, fault.code == .tooLarge { throw fault }

        let shape = try readOperation(reader)
        try check(reader, request.unknown, shape)
        if let fault { throw fault }
        let function =
            try reader.string(.fn, lengths: 1...WireLimits.functionBytes, arena: &arena)
            ?? Bytes(start: nil, count: 0)
        let body: Request.Body
        switch shape.operation {
        // `check` has made sure of the fields that an operation needs.
        case .get, .put: body = try readBody(reader, key!, isGet: shape.operation == .get)
        case .delete:
            body = .delete(key!, waitRemoteMs: try reader.count(.waitRemoteMs, limit: WireLimits.leaseMs))
        case .why: body = .why(key!, remote: try reader.boolean(.remote) ?? false)
        case .touch: body = .touch(key!, ttl: try reader.duration(orNull: .ttlMs))
        case .release: body = .release(key!, lease: try reader.string(.lease, arena: &arena)!)
        case .mget: body = .mget(keyRange, remote: try reader.boolean(.remote) ?? true)
        case .mput: body = .mput(entryRange)
        default: body = try readOther(reader, shape.operation)
        }
        return Request(id: id, function: function, body: body)
    }

    private mutating func readOperation(_ reader: FieldReader) throws(WireError) -> OperationShape {
        guard reader.has(.op) else { throw reader.fault("op is missing") }
        let span = reader.spans[Field.op.index]
        guard span.text[0] == UInt8(ascii: "\"") else { throw reader.mismatch(.op, "a string") }
        var name = JSONText.characters(ofString: span.text)
        // The name may be read together with what follows it in the line.
        var readable = line.count &- position(of: name)
        if span.traits.contains(.escaped) {
            name = arena.decode(name).bytes
            readable = name.count
        }
        guard let shape = operations.find(name, readable: readable) else {
            throw reader.fault("unknown op \(FieldSuggestion.quote(name))", code: .unknownOperation)
        }
        return shape
    }
}
