internal import RemoteLink

/// How it is written. Numbers are 8 bytes each, little-endian.
///
///     namespace, tag   epoch, pending (0 or 1), pending since
///     function         the same, setting, coherent, leased, deleted at, hits, misses
///     deletion         generation (two numbers), since
///     log              position (two numbers), then the server's identity
extension RemoteState {
    func row(_ field: EpochField) -> RemoteRow {
        let epoch = self[field]
        let numbers = [
            Int64(bitPattern: epoch.known), epoch.pending == 0 ? 0 : 1, epoch.pendingSince,
        ]
        switch field {
        case .namespace: return RemoteRow(kind: .namespace, state: numbers.blob)
        case .tag(let name): return RemoteRow(kind: .tag, name: name, state: numbers.blob)
        case .function(let name):
            let function = functions[name] ?? RemoteFunction()
            return RemoteRow(
                kind: .function, name: name,
                state: (numbers + [
                    function.setting.rawValue, function.isCoherent ? 1 : 0, function.isLeased ? 1 : 0,
                    function.deletedAt,
                    function.hits, function.misses,
                ]).blob)
        }
    }

    func row(_ deletion: Deletion) -> RemoteRow {
        let state = deletions[deletion].map {
            [Int64(bitPattern: $0.generation.high), Int64(bitPattern: $0.generation.low), $0.since].blob
        }
        return RemoteRow(kind: .deletion, name: deletion.function, key: deletion.key, state: state)
    }

    var logRow: RemoteRow {
        RemoteRow(
            kind: .log,
            state: position.map {
                [Int64(bitPattern: $0.ms), Int64(bitPattern: $0.sequence)].blob + identity
            })
    }

    var rows: [RemoteRow] {
        guard isInUse || position != nil else { return [] }
        return fields.map { row($0) } + deletions.keys.map { row($0) } + [logRow]
    }

    /// - Returns: false for a row that makes no sense.
    mutating func load(_ row: RemoteRow) -> Bool {
        guard let state = row.state else { return true }
        if row.kind == .log {
            guard state.count >= 16 else { return false }
            let numbers = Self.numbers(state.prefix(16))
            position = LogPosition(
                ms: UInt64(bitPattern: numbers[0]), sequence: UInt64(bitPattern: numbers[1]))
            identity = Array(state.dropFirst(16))
            return true
        }
        let numbers = Self.numbers(state[...])
        guard numbers.count * 8 == state.count, numbers.count >= 3 else { return false }
        var epoch = EpochRecord()
        epoch.known = UInt64(bitPattern: numbers[0])
        epoch.pending = numbers[1] == 0 ? 0 : 1
        epoch.pendingSince = numbers[2]
        switch row.kind {
        case .namespace: namespace = epoch
        case .tag: tags[row.name] = epoch
        case .function:
            guard numbers.count >= 9, let setting = RemoteSetting(rawValue: numbers[3]) else { return false }
            var function = RemoteFunction(epoch: epoch, setting: setting)
            function.isCoherent = numbers[4] != 0
            function.isLeased = numbers[5] != 0
            function.deletedAt = numbers[6]
            function.hits = numbers[7]
            function.misses = numbers[8]
            functions[row.name] = function
        case .deletion:
            deletions[Deletion(function: row.name, key: row.key)] = PendingDeletion(
                generation: Generation(
                    high: UInt64(bitPattern: numbers[0]), low: UInt64(bitPattern: numbers[1])),
                since: numbers[2])
        case .log: break
        }
        if epoch.pending > 0, let field = field(of: row) { raising.insert(field) }
        return true
    }

    private func field(of row: RemoteRow) -> EpochField? {
        switch row.kind {
        case .namespace: .namespace
        case .function: .function(row.name)
        case .tag: .tag(row.name)
        case .deletion, .log: nil
        }
    }

    private static func numbers(_ bytes: ArraySlice<UInt8>) -> [Int64] {
        stride(from: bytes.startIndex, to: bytes.endIndex - bytes.count % 8, by: 8).map { start in
            (0..<8).reduce(Int64(0)) { $0 | Int64(bytes[start + $1]) << (8 * Int64($1)) }
        }
    }
}
