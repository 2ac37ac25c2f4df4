extension RequestParser {
    /// Checks that an object has the fields its operation needs, and no others.
    @inline(__always) func check(
        _ reader: FieldReader, _ unknown: [Bytes], _ shape: OperationShape
    ) throws(WireError) {
        guard unknown.isEmpty, reader.present.isSubset(of: shape.allowed),
            shape.required.isSubset(of: reader.present)
        else { throw complaint(reader, unknown, shape) }
    }

    private func complaint(
        _ reader: FieldReader, _ unknown: [Bytes], _ shape: OperationShape
    ) -> WireError {
        let operation = shape.operation.rawValue
        let place =
            switch reader.place {
            case .request: operation
            case .entry: "an entry"
            case .mismatch: "it"
            }
        if let name = unknown.first {
            let meant = FieldSuggestion.field(for: name, among: shape.allowed)
            let hint = meant.map { "; did you mean \($0.rawValue)?" } ?? ""
            return reader.fault("unknown field \(FieldSuggestion.quote(name)) in \(place)\(hint)")
        }
        if let field = reader.present.first(notIn: shape.allowed) {
            return reader.fault("\(place) takes no field \"\(field.rawValue)\"")
        }
        let missing = shape.required.first(notIn: reader.present)
        return reader.fault("\(missing?.rawValue ?? "a field") is missing in \(place)")
    }

    @inline(__always) func readGet(_ reader: FieldReader) throws(WireError) -> GetFields {
        var fields = GetFields()
        // Few requests have any of these.
        guard reader.present.intersects(getOptions) else { return fields }
        fields.leaseMs = try reader.count(.leaseMs, limit: WireLimits.leaseMs)
        fields.waitMs = try reader.count(.waitMs, limit: WireLimits.leaseMs) ?? 0
        if reader.has(.early) { fields.early = try reader.early() }
        fields.meta = try reader.boolean(.meta) ?? false
        fields.remote = try reader.boolean(.remote) ?? true
        return fields
    }

    mutating func readPut(_ reader: FieldReader, key: CanonicalKey) throws(WireError) -> PutFields {
        var fields = PutFields(key: key, value: reader.text(.value))
        guard reader.present.intersects(putOptions) else { return fields }
        fields.ttl = try reader.duration(orNull: .ttlMs)
        fields.staleMs = try reader.count(.staleMs)
        fields.costMs = try reader.count(.costMs)
        if reader.has(.tags) { fields.tags = try readTags(reader) }
        fields.lease = try reader.string(.lease, arena: &arena)
        fields.durable = try reader.boolean(.durable) ?? false
        fields.ifAbsent = try reader.boolean(.ifAbsent) ?? false
        return fields
    }

    /// The operations that are not about single entries.
    mutating func readOther(
        _ reader: FieldReader, _ operation: Operation
    ) throws(WireError) -> Request.Body {
        switch operation {
        case .hello:
            return .hello(
                client: try reader.string(.client, lengths: 0...WireLimits.clientBytes, arena: &arena))
        case .clear: return try readClear(reader)
        case .define:
            var fields = ProfileFields()
            fields.maxsize = try reader.maxsize()
            fields.ttl = try reader.duration(orNull: .ttlMs)
            fields.staleMs = try reader.duration(orNull: .staleMs)
            fields.typed = try reader.boolean(.typed)
            fields.persist = try reader.boolean(.persist)
            fields.maxBytes = try reader.duration(orNull: .maxBytes)
            fields.remote = try reader.remote()
            fields.coherent = try reader.boolean(.coherent)
            fields.remoteLease = try reader.boolean(.remoteLease)
            return .define(fields)
        case .forget:
            let count = [Field.fn, .pattern].count { reader.has($0) }
            guard count == 1 else { throw reader.fault("forget needs exactly one of fn and pattern") }
            return .forget(pattern: try pattern(reader))
        case .info: return .info(mismatches: try reader.boolean(.mismatches) ?? false)
        case .report: return .report(try readReport(reader))
        case .functions:
            return .functions(
                limit: try reader.rowLimit(), after: try reader.string(.after, arena: &arena),
                pattern: try pattern(reader))
        case .keys:
            return .keys(limit: try reader.rowLimit(), after: try reader.string(.after, arena: &arena))
        case .stats: return .stats
        case .map: return .map
        case .sync: return .sync
        case .subscribe: return .subscribe
        case .backup:
            let path = try reader.string(.path, lengths: 1...WireLimits.pathBytes, arena: &arena)!
            guard path[0] == UInt8(ascii: "/") else { throw reader.fault("path must be absolute") }
            guard !path.contains(0) else { throw reader.fault("path must not contain U+0000") }
            return .backup(path: path)
        case .history:
            let points = try reader.count(.points, from: 1, limit: WireLimits.historyPoints)
            let span = try reader.count(.spanMs, from: 1)
            return .history(spanMs: span ?? WireLimits.historySpanMs, points: points.map { Int($0) } ?? 120)
        case .advise: return .advise
        case .ping, .get, .put, .release, .delete, .touch, .mget, .mput, .why: return .ping
        }
    }

    /// What names of functions are compared with: as long as a name may be.
    private mutating func pattern(_ reader: FieldReader) throws(WireError) -> Bytes? {
        try reader.string(.pattern, lengths: 1...WireLimits.functionBytes, arena: &arena)
    }

    private mutating func readClear(_ reader: FieldReader) throws(WireError) -> Request.Body {
        let count = [Field.fn, .tag, .all, .pattern].count { reader.has($0) }
        guard count == 1 else { throw reader.fault("clear needs exactly one of fn, tag, all and pattern") }
        if try reader.boolean(.all) == false { throw reader.mismatch(.all, "true") }
        let wait = try reader.count(.waitRemoteMs, limit: WireLimits.leaseMs)
        if reader.has(.fn) { return .clearFunction(waitRemoteMs: wait) }
        if let pattern = try pattern(reader) { return .clearPattern(pattern, waitRemoteMs: wait) }
        if let tag = try reader.string(.tag, lengths: 1...WireLimits.tagBytes, arena: &arena) {
            return .clearTag(tag, waitRemoteMs: wait)
        }
        return .clearAll(waitRemoteMs: wait)
    }
}
