/// How the state of an earlier run comes back. Called before anybody else sees the store.
extension StoreCore {
    mutating func load(_ row: FunctionRow) { functions.add(row) }

    mutating func load(_ row: TagRow) { tags.add(row) }

    /// Adds an entry; they come in the order of their rows.
    mutating func load(_ head: EntryHead) {
        guard let place = functions.place(id: head.function) else {
            garbageRows.append(head.row)
            return
        }
        let isCleared = head.tags.contains { tags.clearedBelow($0) > head.row }
        guard head.row >= functions[place].row.clearedBelow, !isCleared, head.expires > now else {
            if !isCleared, head.expires <= now {
                functions[place].row.expirations += 1
                totals.expirations += 1
                functions.markDirty(place)
            }
            garbageRows.append(head.row)
            return
        }
        uses += 1
        var entry = Entry(
            hash: UInt32(truncatingIfNeeded: head.hash), function: place, row: head.row, used: uses)
        entry.expirySeconds = Self.expirySeconds(head.expires)
        let bytes = ColdSize.bytes(key: head.keyBytes, value: head.valueBytes)
        entry.setCold(bytes: bytes)
        if !head.tags.isEmpty { entry.flags.insert(.tagged) }
        guard let slot = directory.insert(entry) else {
            garbageRows.append(head.row)
            return
        }
        coldBytes += bytes
        functions[place].count += 1
        link(slot)
        for tag in head.tags { tags.add(TagTable.Member(slot: slot, row: head.row), to: tag, in: directory) }
    }

    /// Repeats the uses of a journal, oldest first. Slots are still in the order of their rows.
    mutating func load(uses rows: some Sequence<Int64>) {
        for row in rows {
            var low = 0
            var high = directory.slotCount
            while low < high {
                let middle = (low + high) / 2
                if directory[Slot(middle)].row < row { low = middle + 1 } else { high = middle }
            }
            guard low < directory.slotCount, directory[Slot(low)].row == row else { continue }
            uses += 1
            directory[Slot(low)].used = uses
            let function = directory[Slot(low)].function
            if functions[function].row.maxsize != nil, functions[function].newest != Slot(low) {
                unlink(Slot(low))
                link(Slot(low))
            }
        }
    }

    mutating func reserveNumbers(function: UInt32, tag: UInt32) {
        functions.reserve(function)
        tags.reserve(tag)
    }

    /// The end of loading.
    mutating func finishLoad(seed: (UInt64, UInt64), totals: Totals, nextRow: Int64, garbage: [Int64]) {
        keyHash = KeyHash(seed: seed)
        self.totals.add(totals)
        self.nextRow = nextRow
        committedRow = nextRow - 1
        garbageRows += garbage
    }

    /// What to read into memory after a start: the most recently used first, as much as has room.
    func warmUpOrder() -> [ColdTicket] {
        var all: [(used: UInt64, ticket: ColdTicket)] = []
        for slot in 0..<Slot(directory.slotCount) where directory[slot].flags.contains(.live) {
            guard directory[slot].payload == nil else { continue }
            all.append((directory[slot].used, ColdTicket(slot: slot, row: directory[slot].row)))
        }
        all.sort { $0.used > $1.used }
        var bytes = 0
        let tickets = all.prefix {
            bytes += directory[$0.ticket.slot].coldBytes + HotTier.overhead
            return bytes <= hot.limit - hot.limit / 16
        }
        return tickets.map(\.ticket)
    }

    /// Whether there is room in memory to read more ahead.
    var hasRoomToWarm: Bool { hot.bytes < hot.limit - hot.limit / 16 }
}
