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
    var fields = RequestFields()
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
    let getOptions = FieldSet(OperationShape.getOptions)
    let putOptions = FieldSet(OperationShape.putOptions)

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
        var request = Request.none
        try parse(line, limits: limits, into: &request)
        return request
    }

    /// The same, where the request is to be: one is larger than what it takes to read it.
    public mutating func parse(
        _ line: Bytes, limits: WireLimits, into request: inout Request
    ) throws(WireError) {
        guard line.count <= limits.lineBytes else {
            throw WireError.lineTooLong(limit: limits.lineBytes)
        }
        let counts = (keys: keys.count, entries: entries.count, tags: tags.count)
        self.line = line
        do {
            if let isGet = spellings.read(line, into: &fields) {
                try readUsual(FieldReader(fields), isGet: isGet, into: &request)
            } else {
                try parseAnew(line, into: &request)
            }
        } catch {
            throw undo(to: counts, after: error)
        }
    }

    /// Reads a line that is spelt as none before.
    @inline(never)
    private mutating func parseAnew(_ line: Bytes, into request: inout Request) throws(WireError) {
        do throws(JSONError) {
            try scanRequest()
        } catch {
            throw WireError(code: .badJSON, message: describe(error))
        }
        let reader = FieldReader(fields)
        if let isGet = usualOperation(reader) {
            try readUsual(reader, isGet: isGet, into: &request)
            spellings.learn(line, reader, isGet: isGet)
        } else {
            try read(reader, into: &request)
        }
    }

    /// Takes back what a line left that is no request.
    @inline(never)
    private mutating func undo(
        to counts: (keys: Int, entries: Int, tags: Int), after error: WireError
    ) -> WireError {
        keys.removeSubrange(counts.keys...)
        entries.removeSubrange(counts.entries...)
        tags.removeSubrange(counts.tags...)
        fault = nil
        var error = error
        if error.code != .badJSON { error.id = FieldReader(fields).id }
        return error
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
        try fields.scan(&scanner, depth: 1, arena: &arena)
        scanner.skipWhitespace()
        guard scanner.position == scanner.end else { throw JSONError(.end, at: scanner.position) }
    }

    /// Whether it is a `get` or a `put`, with the fields that it needs and no others.
    /// - Returns: `nil` for all others.
    private func usualOperation(_ reader: FieldReader) -> Bool? {
        let operation = reader.spans[Field.op.index].text
        guard reader.has(.op), operation.count == 5, fields.unknown.isEmpty else { return nil }
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
        _ reader: FieldReader, isGet: Bool, into request: inout Request
    ) throws(WireError) {
        let key = try readKey(reader)
        if fault != nil { throw fault.unsafelyUnwrapped }
        request.function = try reader.string(.fn, lengths: 1...WireLimits.functionBytes, arena: &arena)!
        request.id = reader.id
        if isGet {
            request.body = .get(key, try readGet(reader))
        } else {
            request.body = .put(entries.count)
            entries.append(try readPut(reader, key: key))
        }
    }

    private mutating func read(_ reader: FieldReader, into request: inout Request) throws(WireError) {
        var key: CanonicalKey?
        if reader.has(.key) { key = try readKey(reader) }
        let keyRange = reader.has(.keys) ? try readKeys(reader) : 0..<0
        let entryRange = reader.has(.entries) ? try readEntries(reader) : 0..<0
        if let fault, fault.code == .tooLarge { throw fault }

        let shape = try readOperation(reader)
        try check(reader, fields.unknown, shape)
        if let fault { throw fault }
        let function =
            try reader.string(.fn, lengths: 1...WireLimits.functionBytes, arena: &arena)
            ?? Bytes(start: nil, count: 0)
        let body: Request.Body
        switch shape.operation {
        // `check` has made sure of the fields that an operation needs.
        case .get: body = .get(key!, try readGet(reader))
        case .put:
            body = .put(entries.count)
            entries.append(try readPut(reader, key: key!))
        case .delete:
            body = .delete(key!, waitRemoteMs: try reader.count(.waitRemoteMs, limit: WireLimits.leaseMs))
        case .why: body = .why(key!, remote: try reader.boolean(.remote) ?? false)
        case .touch: body = .touch(key!, ttl: try reader.duration(orNull: .ttlMs))
        case .release: body = .release(key!, lease: try reader.string(.lease, arena: &arena)!)
        case .mget: body = .mget(keyRange, remote: try reader.boolean(.remote) ?? true)
        case .mput: body = .mput(entryRange)
        default: body = try readOther(reader, shape.operation)
        }
        request = Request(id: reader.id, function: function, body: body)
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
