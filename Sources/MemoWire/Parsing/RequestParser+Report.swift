extension RequestParser {
    mutating func readReport(_ reader: FieldReader) throws(WireError) -> ReportFields {
        var fields = ReportFields()
        fields.hits = try reader.count(.hits)!
        fields.savedMs = try reader.count(.savedMs) ?? 0
        fields.regionHits = try reader.count(.regionHits) ?? 0
        guard fields.regionHits <= fields.hits else {
            throw reader.fault(
                "region_hits are part of hits, and \(fields.regionHits) are more than \(fields.hits)")
        }
        fields.verified = try reader.count(.verified) ?? 0
        fields.mismatched = try reader.count(.mismatched) ?? 0
        if reader.has(.mismatch) {
            mismatches.append(try readMismatch(reader))
            fields.mismatch = mismatches.count - 1
        }
        return fields
    }

    private mutating func readMismatch(_ request: FieldReader) throws(WireError) -> MismatchFields {
        let text = request.text(.mismatch)
        guard text[0] == UInt8(ascii: "{") else { throw request.mismatch(.mismatch, "an object") }
        var scanner = JSONScanner(line)
        scanner.position = position(of: text)
        do {
            try entry.scan(&scanner, depth: 2, arena: &arena)
        } catch {
            throw WireError(code: .badJSON, message: describe(error))
        }
        let reader = FieldReader(entry, .mismatch)
        try check(reader, entry.unknown, .mismatch)
        return MismatchFields(
            digest: try reader.string(.digest, lengths: 1...WireLimits.digestBytes, arena: &arena)!,
            kept: try reader.string(.kept, arena: &arena)!,
            computed: try reader.string(.computed, arena: &arena)!)
    }
}
