internal import Glibc
internal import Synchronization

/// An entry to be published.
package struct Publication {
    /// The daemon's own number of the entry.
    package var slot: UInt32
    /// The function's number, and which of the function words is its.
    package var function: UInt32
    package var place: Int
    package var key: UnsafeRawBufferPointer
    package var value: UnsafeRawBufferPointer
    /// In ms of `CLOCK_BOOTTIME`.
    package var freshUntil = RegionLayout.forever
    /// From when the value was stored to then; 0 if that is not to be told.
    package var lifeMs: UInt32 = 0
    package var isTagged = false
    /// The order of its uses is exact.
    package var isExact = false
    package var costMs: UInt32 = 0

    package init(
        slot: UInt32, function: UInt32, place: Int, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) {
        self.slot = slot
        self.function = function
        self.place = place
        self.key = key
        self.value = value
    }
}

/// The one writer of a region. Not for several threads at once.
///
/// A block that readers may be copying is first marked dead, then its bytes change: whoever read some of them finds
/// another number at the end, and asks the daemon. Whatever ends an entry does the first step before anyone is told.
package struct RegionWriter: ~Copyable {
    /// What is known of a published entry, by its ticket. The region itself is never read for it.
    struct Record: BitwiseCopyable {
        var publication: UInt64
        var slot: UInt32
        /// Its word in the index, its place in the log in units, and its place in `blocks`.
        var word: UInt32
        var unit: UInt32
        var block: UInt32
        var generation: UInt32
        var epoch: UInt32
        /// In the free list: the next free ticket.
        var next: UInt32
        var place: UInt16
        var wasUsed: Bool
        var isLive: Bool
    }

    /// A block in the log, in its order; `ticket` 0: nothing that is still published.
    struct Block: BitwiseCopyable {
        var units: UInt32
        var ticket: UInt32
    }

    package let memory: SharedMemory
    package let geometry: RegionGeometry
    private let base: UnsafeMutableRawPointer
    private let index: UnsafeMutableRawPointer
    private let log: UnsafeMutableRawPointer
    private let checksum = KeyChecksum.shared
    private let seed: UInt32

    /// Bytes ever begun and ever given up; what lies between is in use.
    private var head = 0
    private var tail = 0
    /// The same for `blocks`, which is a ring too.
    private var firstBlock = 0
    private var endBlock = 0
    private let blockCapacity: Int
    private let blocks: PrivatePages<Block>
    private let records: PrivatePages<Record>
    private let tickets: PrivatePages<UInt32>
    private let ticketCapacity: Int
    /// Tickets ever given out; those given back are in a list. Ticket 0 is none.
    private var ticketCount = 1
    private var freeTicket: UInt32 = 0
    private var nextPublication = RegionLayout.publicationMark | 1
    private(set) package var tagEpoch: UInt32 = 1
    private var clearedBelow: UInt64 = 0
    private let functionWords: PrivatePages<UInt64>
    private(set) package var count = 0
    /// Blocks that were written anew at the head since they were used.
    private(set) package var rescues = 0
    /// Slots whose entries are published no more although no one asked for that.
    package var dropped: [UInt32] = []

    private static let rescuesPerPublication = 8

    package init(_ geometry: RegionGeometry, instance: (UInt64, UInt64), seed: UInt32) throws(RegionError) {
        let wordCount = geometry.bucketCount * RegionLayout.bucketWords
        let blockCapacity = geometry.logBytes / RegionLayout.headBytes + 2
        // All that can fail, before anything of this is made.
        let memory = try SharedMemory(name: "memod-region", size: geometry.size, .readable)
        let blocks = try PrivatePages<Block>(count: blockCapacity)
        let records = try PrivatePages<Record>(count: wordCount + 1)
        let tickets = try PrivatePages<UInt32>(count: wordCount)
        let functionWords = try PrivatePages<UInt64>(count: geometry.functionCount)
        RegionLayout.check()
        base = memory.base
        index = base + geometry.index
        log = base + geometry.log
        self.memory = memory
        self.geometry = geometry
        self.seed = seed
        self.blockCapacity = blockCapacity
        self.blocks = blocks
        self.records = records
        ticketCapacity = wordCount + 1
        self.tickets = tickets
        self.functionWords = functionWords
        writeHeader(instance)
    }

    private func writeHeader(_ instance: (UInt64, UInt64)) {
        base.storeBytes(of: RegionLayout.version, toByteOffset: RegionLayout.versionOffset, as: UInt32.self)
        base.storeBytes(of: seed, toByteOffset: RegionLayout.seedOffset, as: UInt32.self)
        base.storeBytes(of: instance.0, toByteOffset: RegionLayout.instanceOffset, as: UInt64.self)
        base.storeBytes(of: instance.1, toByteOffset: RegionLayout.instanceOffset + 8, as: UInt64.self)
        for (offset, number) in [
            (RegionLayout.sizeOffset, geometry.size), (RegionLayout.functionsOffset, geometry.functions),
            (RegionLayout.indexOffset, geometry.index), (RegionLayout.logOffset, geometry.log),
            (RegionLayout.logBytesOffset, geometry.logBytes),
        ] {
            base.storeBytes(of: UInt64(number), toByteOffset: offset, as: UInt64.self)
        }
        base.storeBytes(
            of: UInt32(geometry.functionCount), toByteOffset: RegionLayout.functionCountOffset,
            as: UInt32.self)
        base.storeBytes(
            of: UInt32(geometry.bucketCount - 1), toByteOffset: RegionLayout.bucketMaskOffset, as: UInt32.self
        )
        base.release32(RegionLayout.tagEpochOffset, tagEpoch)
        base.release32(RegionLayout.stateOffset, RegionLayout.open)
        base.release64(RegionLayout.magicOffset, RegionLayout.magic)
    }

    /// Bytes of the log that are in use.
    package var bytes: Int { head - tail }

    // MARK: publishing

    package static func fits(key: Int, value: Int) -> Bool {
        key <= RegionLayout.keyBytesMax && value <= RegionLayout.valueBytesMax
    }

    /// Copies an entry that is not published into the region. Others may have to go for it: see `dropped`.
    /// - Returns: the ticket by which it is unpublished; `nil` if it does not fit.
    package mutating func publish(_ entry: Publication) -> UInt32? {
        let size = RegionLayout.blockBytes(key: entry.key.count, value: entry.value.count)
        guard Self.fits(key: entry.key.count, value: entry.value.count), size <= geometry.logBytes / 4 else {
            return nil
        }
        let position = KeyPosition(
            function: entry.function, key: entry.key, seed: seed, bucketMask: geometry.bucketCount - 1,
            checksum)
        let offset = takeSpace(size)
        let word = chooseWord(position.bucket)
        let ticket = takeTicket()
        let publication = takePublication()
        let block = log + offset

        // Whoever still reads what stood here must find it dead before its bytes change.
        atomicMemoryFence(ordering: .releasing)
        let head = RegionLayout.BlockHead(
            publication: 0, function: entry.function, keyBytes: UInt16(entry.key.count),
            flags: entry.isExact ? RegionLayout.exact : 0, valueBytes: UInt32(entry.value.count),
            tagEpoch: entry.isTagged ? tagEpoch : 0,
            freshUntil: entry.freshUntil, ticket: ticket, generation: records[Int(ticket)].generation,
            costMs: entry.costMs, lifeMs: entry.lifeMs)
        block.storeBytes(of: head, as: RegionLayout.BlockHead.self)
        if let key = entry.key.baseAddress {
            (block + RegionLayout.headBytes).copyMemory(from: key, byteCount: entry.key.count)
        }
        if let value = entry.value.baseAddress {
            (block + RegionLayout.valueOffset(keyBytes: entry.key.count)).copyMemory(
                from: value, byteCount: entry.value.count)
        }
        block.release64(0, publication)

        records[Int(ticket)] = Record(
            publication: publication, slot: entry.slot, word: UInt32(word),
            unit: UInt32(offset / RegionLayout.unit),
            block: append(Block(units: units(size), ticket: ticket)),
            generation: head.generation, epoch: head.tagEpoch, next: 0, place: UInt16(entry.place),
            wasUsed: false,
            isLive: true)
        tickets[word] = ticket
        index.release64(word * 8, UInt64(position.tag) << 32 | UInt64(offset / RegionLayout.unit))
        count += 1
        return ticket
    }

    /// Takes an entry back: no reader finds it from now on.
    package mutating func unpublish(_ ticket: UInt32) {
        let unit = Int(records[Int(ticket)].unit)
        let units = Int(blocks[Int(records[Int(ticket)].block)].units)
        kill(ticket)
        // A value that was deleted is not to be found in the memory of those who have the region mapped.
        atomicMemoryFence(ordering: .releasing)
        let start = log + unit * RegionLayout.unit + RegionLayout.headBytes
        start.initializeMemory(
            as: UInt8.self, repeating: 0, count: units * RegionLayout.unit - RegionLayout.headBytes)
    }

    /// Whether readers still take it: it is not hidden by a clear.
    package func isVisible(_ ticket: UInt32) -> Bool {
        let record = records[Int(ticket)]
        return record.isLive && record.publication >= functionWords[Int(record.place)]
            && record.publication >= clearedBelow && (record.epoch == 0 || record.epoch == tagEpoch)
    }

    /// The slot of a published entry.
    package func slot(_ ticket: UInt32) -> UInt32 { records[Int(ticket)].slot }

    /// The slots of all published entries.
    package var slots: [UInt32] {
        (firstBlock..<endBlock).compactMap {
            let ticket = blocks[$0 % blockCapacity].ticket
            return ticket == 0 ? nil : records[Int(ticket)].slot
        }
    }

    /// The entry that a client says it used, by what its block said.
    /// - Returns: `nil` if there is no such entry, or no more.
    package mutating func used(_ ticket: UInt32, generation: UInt32) -> UInt32? {
        guard ticket > 0, Int(ticket) < ticketCount, records[Int(ticket)].isLive,
            records[Int(ticket)].generation == generation
        else { return nil }
        records[Int(ticket)].wasUsed = true
        return records[Int(ticket)].slot
    }

    // MARK: clearing

    /// Hides all that is published of the function that has this place.
    package mutating func clear(place: Int) {
        functionWords[place] = nextPublication
        base.release64(geometry.functions + place * 8, nextPublication)
    }

    /// Hides everything that has a tag.
    package mutating func clearTagged() {
        tagEpoch += 1
        if tagEpoch > UInt32(Int32.max) {
            // Numbers come round after two billion clears, before their top byte is that of a publication.
            tagEpoch = 1
            clearAll()
        }
        base.release32(RegionLayout.tagEpochOffset, tagEpoch)
    }

    /// Hides everything.
    package mutating func clearAll() {
        clearedBelow = nextPublication
        base.release64(RegionLayout.clearedBelowOffset, clearedBelow)
    }

    /// No reader takes anything from it any more, and those who keep it mapped keep nothing.
    package func close() {
        base.release32(RegionLayout.stateOffset, RegionLayout.closed)
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        memory.empty()
    }

    // MARK: the parts

    private func units(_ size: Int) -> UInt32 { UInt32(size / RegionLayout.unit) }

    private mutating func takePublication() -> UInt64 {
        defer { nextPublication += 1 }
        return nextPublication
    }

    private mutating func takeTicket() -> UInt32 {
        guard freeTicket != 0 else {
            precondition(ticketCount < ticketCapacity)  // There are no more than words in the index.
            defer { ticketCount += 1 }
            return UInt32(ticketCount)
        }
        let ticket = freeTicket
        freeTicket = records[Int(ticket)].next
        return ticket
    }

    private mutating func append(_ block: Block) -> UInt32 {
        let place = endBlock % blockCapacity
        blocks[place] = block
        endBlock += 1
        return UInt32(place)
    }

    /// Marks a block dead and forgets its entry. Its bytes stay.
    private mutating func kill(_ ticket: UInt32) {
        let record = records[Int(ticket)]
        (log + Int(record.unit) * RegionLayout.unit).store64(0, 0)
        index.store64(Int(record.word) * 8, 0)
        tickets[Int(record.word)] = 0
        blocks[Int(record.block)].ticket = 0
        records[Int(ticket)].isLive = false
        // 24 bits of it: the top byte is never that of a publication.
        records[Int(ticket)].generation = (records[Int(ticket)].generation + 1) & 0xff_ffff
        records[Int(ticket)].next = freeTicket
        freeTicket = ticket
        count -= 1
    }

    private mutating func drop(_ ticket: UInt32) {
        dropped.append(records[Int(ticket)].slot)
        kill(ticket)
    }

    /// A word for a new entry. What was cleared and is not yet taken back goes, since readers would find it first under
    /// the same key. If both buckets are full, the first that was not used goes.
    private mutating func chooseWord(_ bucket: Int) -> Int {
        for side in 0..<2 {
            let first = (bucket ^ side) * RegionLayout.bucketWords
            for word in first..<first + RegionLayout.bucketWords
            where tickets[word] != 0 && !isVisible(tickets[word]) {
                drop(tickets[word])
            }
        }
        for side in 0..<2 {
            let first = (bucket ^ side) * RegionLayout.bucketWords
            for word in first..<first + RegionLayout.bucketWords where tickets[word] == 0 { return word }
        }
        let first = bucket * RegionLayout.bucketWords
        var word = first + Int(truncatingIfNeeded: nextPublication) % RegionLayout.bucketWords
        for candidate in first..<first + RegionLayout.bucketWords
        where !records[Int(tickets[candidate])].wasUsed {
            word = candidate
            break
        }
        drop(tickets[word])
        return word
    }

    /// Takes space at the head of the log: what lies at its tail goes, but for what was used, which is written anew at
    /// the head, some of it.
    /// - Returns: where in the log it begins.
    private mutating func takeSpace(_ size: Int) -> Int {
        var moves = 0
        while head + skipped(size) + size - tail > geometry.logBytes {
            let block = blocks[firstBlock % blockCapacity]
            let bytes = Int(block.units) * RegionLayout.unit
            firstBlock += 1
            tail += bytes
            guard block.ticket != 0 else { continue }
            // Of what was cleared a new number would bring the old value back.
            if records[Int(block.ticket)].wasUsed, isVisible(block.ticket),
                moves < Self.rescuesPerPublication,
                head + skipped(bytes) + bytes - tail <= geometry.logBytes
            {
                moves += 1
                moveToHead(block)
            } else {
                drop(block.ticket)
            }
        }
        return advance(size)
    }

    /// Takes this many bytes at the head.
    private mutating func advance(_ size: Int) -> Int {
        let skipped = skipped(size)
        if skipped > 0 { _ = append(Block(units: units(skipped), ticket: 0)) }
        let offset = (head + skipped) % geometry.logBytes
        head += skipped + size
        return offset
    }

    /// What is left free at the end of the log by a block that does not go on at its beginning.
    private func skipped(_ size: Int) -> Int {
        let rest = geometry.logBytes - head % geometry.logBytes
        return rest < size ? rest : 0
    }

    private mutating func moveToHead(_ block: Block) {
        let ticket = Int(block.ticket)
        let bytes = Int(block.units) * RegionLayout.unit
        let from = log + Int(records[ticket].unit) * RegionLayout.unit
        let offset = advance(bytes)
        let to = log + offset
        let word = Int(records[ticket].word)
        from.store64(0, 0)
        atomicMemoryFence(ordering: .releasing)
        // All but the number, which makes it valid. The two may overlap.
        memmove(to + 8, from + 8, bytes - 8)
        let publication = takePublication()
        to.release64(0, publication)
        let tag = UnsafeRawPointer(index).relaxed64(word * 8) >> 32
        records[ticket].publication = publication
        records[ticket].unit = UInt32(offset / RegionLayout.unit)
        records[ticket].wasUsed = false
        records[ticket].block = append(block)
        index.release64(word * 8, tag << 32 | UInt64(offset / RegionLayout.unit))
        rescues += 1
    }

    // MARK: tests

    /// Holds between any two calls; ends the process if it does not.
    package func check() {
        var live = 0
        var end = tail
        for place in firstBlock..<endBlock {
            let block = blocks[place % blockCapacity]
            let offset = end % geometry.logBytes
            end += Int(block.units) * RegionLayout.unit
            precondition(
                offset + Int(block.units) * RegionLayout.unit <= geometry.logBytes, "a block goes on")
            guard block.ticket != 0 else { continue }
            live += 1
            let record = records[Int(block.ticket)]
            let head = (log + offset).load(as: RegionLayout.BlockHead.self)
            precondition(record.isLive && Int(record.unit) * RegionLayout.unit == offset)
            precondition(head.publication == record.publication && head.ticket == block.ticket)
            precondition(head.generation == record.generation && head.tagEpoch == record.epoch)
            precondition(tickets[Int(record.word)] == block.ticket)
            let word = UnsafeRawPointer(index).relaxed64(Int(record.word) * 8)
            precondition(word & 0xffff_ffff == UInt64(record.unit), "the index points elsewhere")
        }
        precondition(end == head && head - tail <= geometry.logBytes, "the log")
        precondition(live == count, "\(live) blocks of \(count) entries")
        var words = 0
        for word in 0..<geometry.bucketCount * RegionLayout.bucketWords {
            precondition((UnsafeRawPointer(index).relaxed64(word * 8) == 0) == (tickets[word] == 0))
            words += tickets[word] == 0 ? 0 : 1
        }
        precondition(words == count)
    }

    /// What a block holds, for checks: the key and the value that readers would take.
    package func content(_ ticket: UInt32) -> (
        function: UInt32, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, freshUntil: Int64,
        lifeMs: UInt32, isExact: Bool
    ) {
        let block = log + Int(records[Int(ticket)].unit) * RegionLayout.unit
        let head = block.load(as: RegionLayout.BlockHead.self)
        let (keyBytes, valueBytes) = (Int(head.keyBytes), Int(head.valueBytes))
        return (
            head.function, UnsafeRawBufferPointer(start: block + RegionLayout.headBytes, count: keyBytes),
            UnsafeRawBufferPointer(
                start: block + RegionLayout.valueOffset(keyBytes: keyBytes), count: valueBytes),
            head.freshUntil, head.lifeMs, head.flags & RegionLayout.exact != 0
        )
    }
}
