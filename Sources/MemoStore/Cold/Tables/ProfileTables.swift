internal import SQLite

/// The tables `function` and `tag`. Each row has a checksum over all of it: a damaged name or mark of a clear
/// would bring back wrong results.
final class ProfileTables {
    private let replaceFunction: Statement
    private let deleteFunction: Statement
    private let selectFunctions: Statement
    private let replaceTag: Statement
    private let deleteTag: Statement
    private let selectTags: Statement

    init(_ connection: borrowing Connection) throws(SQLiteError) {
        let functionColumns = """
            id, owner, name, maxsize, ttl_ms, stale_ms, typed, defined, hits, misses, saved_ms, evictions, \
            expirations, cleared_below, max_bytes, persists, used_ms, verified, mismatched, \
            region_hits, checksum
            """
        replaceFunction = try Statement(
            connection,
            """
            INSERT OR REPLACE INTO function (\(functionColumns))
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        deleteFunction = try Statement(connection, "DELETE FROM function WHERE id = ?")
        selectFunctions = try Statement(
            connection, "SELECT \(functionColumns) FROM function ORDER BY id")
        let tagColumns = "id, owner, name, cleared_below, checksum"
        replaceTag = try Statement(
            connection, "INSERT OR REPLACE INTO tag (\(tagColumns)) VALUES (?, ?, ?, ?, ?)")
        deleteTag = try Statement(connection, "DELETE FROM tag WHERE id = ?")
        selectTags = try Statement(connection, "SELECT \(tagColumns) FROM tag ORDER BY id")
    }

    func save(_ row: FunctionRow) throws(SQLiteError) {
        try replaceFunction.bind(1, Int64(row.id.rawValue))
        try replaceFunction.bind(2, row.owner)
        try replaceFunction.bind(3, copying: Array(row.name.utf8))
        try replaceFunction.bind(4, row.maxsize)
        try replaceFunction.bind(5, row.ttlMs)
        try replaceFunction.bind(6, row.staleMs)
        try replaceFunction.bind(7, row.typed ? 1 : 0)
        try replaceFunction.bind(8, row.defined ? 1 : 0)
        try replaceFunction.bind(9, row.hits)
        try replaceFunction.bind(10, row.misses)
        try replaceFunction.bind(11, row.savedMs)
        try replaceFunction.bind(12, row.evictions)
        try replaceFunction.bind(13, row.expirations)
        try replaceFunction.bind(14, row.clearedBelow)
        try replaceFunction.bind(15, row.maxBytes)
        try replaceFunction.bind(16, row.persists ? 1 : 0)
        try replaceFunction.bind(17, row.usedMs)
        try replaceFunction.bind(18, row.verified)
        try replaceFunction.bind(19, row.mismatched)
        try replaceFunction.bind(20, row.regionHits)
        try replaceFunction.bind(21, Self.checksum(row))
        try replaceFunction.run()
    }

    func save(_ row: TagRow) throws(SQLiteError) {
        try replaceTag.bind(1, Int64(row.id.rawValue))
        try replaceTag.bind(2, row.owner)
        try replaceTag.bind(3, copying: Array(row.name.utf8))
        try replaceTag.bind(4, row.clearedBelow)
        try replaceTag.bind(5, Self.checksum(row))
        try replaceTag.run()
    }

    func forget(function: FunctionID) throws(SQLiteError) {
        try deleteFunction.bind(1, Int64(function.rawValue))
        try deleteFunction.run()
    }

    func forget(tag: TagID) throws(SQLiteError) {
        try deleteTag.bind(1, Int64(tag.rawValue))
        try deleteTag.run()
    }

    /// Every sound row, in the order of their numbers.
    /// - Returns: how many were damaged, and left out.
    func forEachFunction(_ body: (FunctionRow) -> Void) throws(SQLiteError) -> Int {
        var damaged = 0
        while try selectFunctions.step() {
            guard let id = UInt32(exactly: selectFunctions.integer(0)) else {
                damaged += 1
                continue
            }
            var row = FunctionRow(
                id: FunctionID(id), owner: selectFunctions.integer(1),
                name: String(decoding: selectFunctions.bytes(2), as: UTF8.self))
            row.maxsize = selectFunctions.optionalInteger(3)
            row.ttlMs = selectFunctions.optionalInteger(4)
            row.staleMs = selectFunctions.optionalInteger(5)
            row.typed = selectFunctions.integer(6) != 0
            row.defined = selectFunctions.integer(7) != 0
            row.hits = selectFunctions.integer(8)
            row.misses = selectFunctions.integer(9)
            row.savedMs = selectFunctions.integer(10)
            row.evictions = selectFunctions.integer(11)
            row.expirations = selectFunctions.integer(12)
            row.clearedBelow = selectFunctions.integer(13)
            row.maxBytes = selectFunctions.optionalInteger(14)
            row.persists = selectFunctions.integer(15) != 0
            row.usedMs = selectFunctions.integer(16)
            row.verified = selectFunctions.integer(17)
            row.mismatched = selectFunctions.integer(18)
            row.regionHits = selectFunctions.integer(19)
            if selectFunctions.integer(20) == Self.checksum(row) { body(row) } else { damaged += 1 }
        }
        return damaged
    }

    /// Every sound row, in the order of their numbers.
    /// - Returns: how many were damaged, and left out.
    func forEachTag(_ body: (TagRow) -> Void) throws(SQLiteError) -> Int {
        var damaged = 0
        while try selectTags.step() {
            guard let id = UInt32(exactly: selectTags.integer(0)) else {
                damaged += 1
                continue
            }
            let row = TagRow(
                id: TagID(id), owner: selectTags.integer(1),
                name: String(decoding: selectTags.bytes(2), as: UTF8.self),
                clearedBelow: selectTags.integer(3))
            if selectTags.integer(4) == Self.checksum(row) { body(row) } else { damaged += 1 }
        }
        return damaged
    }

    private static func checksum(_ row: FunctionRow) -> Int64 {
        var numbers: [Int64] = [
            row.owner, row.maxsize ?? -1, row.ttlMs ?? -1, row.staleMs ?? -1, row.typed ? 1 : 0,
            row.defined ? 1 : 0, row.hits, row.misses, row.savedMs, row.evictions, row.expirations,
            row.clearedBelow,
        ]
        // Rows of before these columns have the checksum of before.
        if row.maxBytes != nil || !row.persists || row.usedMs != 0 {
            numbers += [row.maxBytes ?? -1, row.persists ? 1 : 0, row.usedMs]
        }
        if row.verified != 0 || row.mismatched != 0 { numbers += [row.verified, row.mismatched] }
        if row.regionHits != 0 { numbers.append(row.regionHits) }
        return checksum(row.id.rawValue, numbers, row.name)
    }

    private static func checksum(_ row: TagRow) -> Int64 {
        checksum(row.id.rawValue, [row.owner, row.clearedBelow], row.name)
    }

    private static func checksum(_ id: UInt32, _ numbers: [Int64], _ name: String) -> Int64 {
        let seed = numbers.withUnsafeBytes { Checksum.of($0, seed: UInt64(id)) }
        return Int64(bitPattern: Checksum.of(name, seed: seed))
    }
}
