extension StoreCore {

    /// Whether memory and disk agree on every entry, so that a snapshot says it all.
    var canSnapshot: Bool { willSnapshot && pipeline.isEmpty }

    /// Whether they will once what is queued is committed.
    var willSnapshot: Bool {
        degraded == nil && piecework.isNothingUnderWay && pipeline.unpersisted.isEmpty
            && pipeline.failedBatch == nil
    }

    /// Writes the index to a file, as it is when every entry is cold. Nothing but `dispose` may follow.
    mutating func writeSnapshot(to path: String, _ context: SnapshotContext) -> Bool {
        for slot in hot.slots {
            guard let payload = entries[slot].payload else { continue }
            entries[slot].setCold(bytes: ColdSize.bytes(payload))
            payload.release()
        }
        hot.removeAll()
        journal.unflag(&entries)
        let functionParts = functions.allSlots.map { function in
            IndexSnapshot.Function(
                id: functions[function].row.id.rawValue, oldest: functions[function].oldest,
                newest: functions[function].newest,
                isLive: functions.isLive(function) ? 1 : 0, count: UInt64(functions[function].count))
        }
        let tagRows = tags.rows
        let memberParts = tagRows.map { tags.members(of: $0.id) }
        let tagParts = zip(tagRows, memberParts).map {
            IndexSnapshot.Tag(id: UInt64($0.id.rawValue), members: UInt64($1.count))
        }
        let members = memberParts.flatMap { $0 }
        let header = IndexSnapshot.Header(
            stamp: context.stamp, slots: UInt64(entries.slotCount), live: UInt64(entries.count),
            uses: journal.lastUse,
            coldBytes: UInt64(cold.bytes), functions: UInt64(functionParts.count),
            garbage: UInt64(piecework.reclaimer.garbageRows.count),
            tags: UInt64(tagParts.count), journalRows: UInt64(context.journalRows),
            sharedValues: UInt64(context.figures.values),
            sharedReferences: UInt64(context.figures.references),
            sharedSavedBytes: context.figures.savedBytes)
        return functionParts.withUnsafeBytes { functions in
            piecework.reclaimer.garbageRows.withUnsafeBytes { garbage in
                tagParts.withUnsafeBytes { tags in
                    members.withUnsafeBytes { members in
                        IndexSnapshot.write(
                            header, [functions, garbage, tags, members, entries.bytesOfSlots], to: path)
                    }
                }
            }
        }
    }

    /// Reads the index from a file, after the functions and the tags were loaded.
    /// - Returns: what else it has; `nil` if it is not there, or not of the state with this stamp: nothing was
    ///   loaded then.
    mutating func readSnapshot(from path: String, stamp: (UInt64, UInt64)) -> SnapshotContext? {
        guard var file = IndexSnapshot.Reader(path) else { return nil }
        var header = IndexSnapshot.Header(
            stamp: (0, 0), slots: 0, live: 0, uses: 0, coldBytes: 0, functions: 0, garbage: 0, tags: 0,
            journalRows: 0, sharedValues: 0, sharedReferences: 0, sharedSavedBytes: 0)
        let expected = header
        guard withUnsafeMutableBytes(of: &header, { file.read(into: $0) }), header.magic == expected.magic,
            header.entryStride == expected.entryStride, header.stamp == stamp,
            header.slots <= UInt64(entries.capacity),
            let savedFunctions = file.array(
                header.functions,
                of: IndexSnapshot.Function(id: 0, oldest: 0, newest: 0, isLive: 0, count: 0)),
            let garbage = file.array(header.garbage, of: Int64(0)),
            let savedTags = file.array(header.tags, of: IndexSnapshot.Tag(id: 0, members: 0))
        else { return nil }
        let memberCount = savedTags.reduce(UInt64(0)) { $0 &+ $1.members }
        guard let members = file.array(memberCount, of: Slot(0)) else { return nil }

        var checksum = IndexSnapshot.seed(header)
        savedFunctions.withUnsafeBytes { checksum = Checksum.of($0, seed: checksum) }
        garbage.withUnsafeBytes { checksum = Checksum.of($0, seed: checksum) }
        savedTags.withUnsafeBytes { checksum = Checksum.of($0, seed: checksum) }
        members.withUnsafeBytes { checksum = Checksum.of($0, seed: checksum) }
        let isRead = entries.append(slots: Int(header.slots), live: Int(header.live)) { slab in
            file.read(into: slab) && file.isAtEnd
                && Checksum.of(UnsafeRawBufferPointer(slab), seed: checksum) == header.checksum
        }
        guard isRead else { return nil }

        /// By the slot that it had.
        var slots: [FunctionSlot] = []
        for saved in savedFunctions {
            guard saved.isLive != 0, let function = functions.find(FunctionID(saved.id)) else {
                slots.append(.none)
                continue
            }
            slots.append(function)
            functions[function].oldest = saved.oldest
            functions[function].newest = saved.newest
            functions[function].count = Int(saved.count)
        }
        for slot in 0..<Slot(entries.slotCount) where entries[slot].flags.contains(.live) {
            let function = slots[Int(entries[slot].function.rawValue)]
            entries[slot].function = function
            // Of a function whose row was damaged there are none, or this would not be the state of that database.
            if function != .none { functions[function].bytes += entries[slot].coldBytes }
        }
        var next = 0
        for saved in savedTags {
            let end = next + Int(saved.members)
            for slot in members[next..<end] { tags.add(slot, to: TagID(UInt32(saved.id))) }
            next = end
        }
        journal.resume(after: header.uses)
        cold.resume(bytes: Int(header.coldBytes))
        piecework.reclaimer.add(garbage: garbage)
        return SnapshotContext(
            stamp: stamp,
            figures: InterningFigures(
                values: Int(header.sharedValues), references: Int(header.sharedReferences),
                savedBytes: header.sharedSavedBytes),
            journalRows: Int(header.journalRows))
    }
}
