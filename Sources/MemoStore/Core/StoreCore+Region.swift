internal import Glibc
internal import MemoRegion

/// Hits that clients read from shared memory (docs/region.md): what is published, and when it ends.
///
/// An entry is published as one version of it. `takeSlot` and `discard`, which all ends of a version go through, take it back
/// before anyone is told; clears hide all of a function or of a tag in one step.
extension StoreCore {
    // MARK: publishing

    /// Changes with who has mapped a region; 0: no one has.
    @inline(__always)
    package var regionGeneration: UInt32 { published.generation }

    /// Whether a process has its region mapped, so that its hits are worth publishing.
    package func hasMapped(uid: UInt32, process: Int32) -> Bool {
        published.hasMapped(PublishedRegions.Process(uid: uid, number: process))
    }

    /// Publishes what a look-up found, if it is of a kind that readers may take.
    package mutating func publish(_ hit: Hit, of function: FunctionSlot) {
        guard let place = functions[function].published, hit.isHot, !hit.stale, hit.lease == nil,
            RegionWriter.fits(key: hit.payload.key.count, value: hit.value.count)
        else { return }
        let payload = hit.payload
        guard payload.hotIndex != Payload.nowhere else { return }
        let slot = hot.slots[Int(payload.hotIndex)]
        let region = published[place.region]
        // Others may have to go, with what is noted of them.
        if region.hasExactNotes { takeUses(in: region) }
        if entries[slot].flags.contains(.published) {
            // Hidden by the clear of a tag that it does not bear, or of a time when its function had no bound.
            guard let ticket = region.tickets[slot], !region.writer.isVisible(ticket) else { return }
            unpublish(slot)
        }
        var entry = Publication(
            slot: slot, function: place.number, place: Int(place.place), key: payload.key, value: hit.value)
        if payload.fresh != .max {
            guard let offset = published.bootOffset else { return }
            entry.freshUntil = payload.fresh - offset
            entry.lifeMs = UInt32(exactly: payload.fresh - payload.created) ?? 0
        }
        entry.isTagged = entries[slot].flags.contains(.tagged)
        entry.isExact = functions[function].row.isBounded
        entry.costMs = payload.costMs
        let ticket = region.writer.publish(entry)
        for dropped in exchange(&region.writer.dropped, with: []) {
            region.tickets[dropped] = nil
            entries[dropped].flags.remove(.published)
        }
        guard let ticket else { return }
        region.tickets[slot] = ticket
        entries[slot].flags.insert(.published)
    }

    /// This version of an entry ends: no reader finds it from now on.
    @inline(__always)
    mutating func endVersion(_ slot: Slot) {
        if entries[slot].flags.contains(.published) { unpublish(slot) }
    }

    @inline(never)
    private mutating func unpublish(_ slot: Slot) {
        entries[slot].flags.remove(.published)
        guard let place = functions[entries[slot].function].published else { return }
        let region = published[place.region]
        if let ticket = region.tickets.removeValue(forKey: slot) { region.writer.unpublish(ticket) }
    }

    // MARK: hiding

    /// Hides all that is published of a function.
    mutating func hidePublished(_ function: FunctionSlot) {
        guard let place = functions[function].published else { return }
        published[place.region].writer.clear(place: Int(place.place))
    }

    /// The same, and readers who know the function's number find nothing of it ever again: its keys have another form.
    mutating func renumber(_ function: FunctionSlot) {
        hidePublished(function)
        if functions[function].published != nil {
            functions[function].published?.number = published.takeNumber()
        }
    }

    /// Hides all that has a tag, of the owner of this one.
    mutating func hidePublished(tag: TagID) {
        guard let owner = tags[tag]?.row.owner, let index = published.find(owner) else { return }
        published[index].writer.clearTagged()
    }

    /// A function is about to be removed.
    mutating func givePlaceBack(_ function: FunctionSlot) {
        guard let place = functions[function].published else { return }
        takeRegionHits(of: function)
        published[place.region].givePlaceBack(place.place)
        functions[function].published = nil
    }

    // MARK: who reads

    /// How many functions one region has places for.
    package var placesPerRegion: Int { RegionGeometry.functionsMax }

    /// Where a function's hits are published, for those who have mapped the region of its owner.
    package mutating func publishedPlace(_ function: FunctionSlot) -> PublishedPlace? {
        if let place = functions[function].published { return place }
        guard published.isOn, let index = published.find(functions[function].row.owner),
            let place = published[index].takePlace(function)
        else { return nil }
        let new = PublishedPlace(region: index, place: place, number: published.takeNumber())
        functions[function].published = new
        return new
    }

    /// What a client maps. Its descriptors are the receiver's to close.
    package struct Handover {
        package var regions: [(region: Int32, uses: Int32)] = []
    }

    /// Hands the regions of some owners to a client, in this order.
    /// - Parameter connection: ends it when it is closed.
    /// - Throws: `RegionRefusal`, if there is none to be had now.
    package mutating func mapRegions(
        of owners: [Int64], for connection: ConnectionID, uid: UInt32, process: Int32
    ) throws(RegionRefusal) -> Handover {
        if let reason = published.reason { throw RegionRefusal("nothing is published: \(reason)") }
        if published.hasMapped(connection) {
            throw RegionRefusal("this connection has mapped the region already")
        }
        var handover = Handover()
        do throws(RegionError) {
            var indices: [UInt8] = []
            for owner in owners {
                let index = try region(of: owner)
                guard published[index].clientCount < PublishedRegions.clientsMax else {
                    throw RegionError("\(PublishedRegions.clientsMax) clients have mapped the region")
                }
                indices.append(index)
            }
            for index in indices {
                let region = published[index]
                var uses = try UsesReader(functions: region.writer.geometry.functionCount)
                handover.regions.append(
                    (fcntl(region.writer.memory.readable, F_DUPFD_CLOEXEC, 0), uses.handOver()))
                region.add(connection, uses)
            }
        } catch {
            for (_, region) in published.all { _ = region.remove(connection) }
            for (region, uses) in handover.regions {
                close(region)
                close(uses)
            }
            throw RegionRefusal(error.description)
        }
        published.enter(PublishedRegions.Process(uid: uid, number: process), on: connection)
        return handover
    }

    private mutating func region(of owner: Int64) throws(RegionError) -> UInt8 {
        if let index = published.find(owner) { return index }
        if !published.hasRoom, let idle = published.idle { retire(idle) }
        return try published.add(owner, seed: UInt32(truncatingIfNeeded: random.next()))
    }

    /// A connection is gone, and what was mapped on it.
    mutating func unmapRegions(_ connection: ConnectionID) {
        guard published.hasMapped(connection) else { return }
        takeRegionUses()
        for (_, region) in published.all { _ = region.remove(connection) }
        published.leave(connection)
    }

    // MARK: the end of regions

    /// Readers take nothing from any region from now on, and those who have one mapped hold nothing.
    package mutating func retireRegions() {
        takeRegionUses()
        for (index, _) in published.all { retire(index) }
        published.leaveAll()
    }

    /// The same, for good.
    package mutating func endRegions(_ reason: String) {
        retireRegions()
        published.end(reason)
    }

    private mutating func retire(_ index: UInt8) {
        guard let region = published.remove(index) else { return }
        for slot in region.tickets.keys { entries[slot].flags.remove(.published) }
        for function in region.functions {
            if let function { functions[function].published = nil }
        }
    }

    // MARK: uses

    /// Takes what clients say of their uses before the order of a bounded function's counts.
    @inline(__always)
    mutating func takeUses(before function: FunctionSlot) {
        if functions[function].published != nil, functions[function].row.isBounded {
            takeExactUses(function)
        }
    }

    @inline(never)
    private mutating func takeExactUses(_ function: FunctionSlot) {
        let region = published[functions[function].published.unsafelyUnwrapped.region]
        if region.hasExactNotes { takeUses(in: region) }
    }

    private mutating func takeUses(in region: OwnerRegion) {
        region.takeUses { slot in
            let function = entries[slot].function
            // What was cleared is in no list any more.
            guard entries[slot].flags.isSuperset(of: [.live, .published]),
                entries[slot].row >= functions[function].row.clearedBelow
            else { return }
            entries[slot].hits &+= 1
            markUsed(slot)
            if let payload = entries[slot].payload {
                noteLookup(
                    function, hash(function, payload.key), bytes: payload.footprint &+ HotTier.overhead)
            }
        }
    }

    /// Takes what clients used of a function's region, whether or not its order is exact.
    mutating func takeRegionUses(of function: FunctionSlot) {
        guard published.generation != 0, let place = functions[function].published else { return }
        takeUses(in: published[place.region])
        takeRegionHits(of: function)
    }

    /// Takes what clients counted and used; the maintenance thread does twice a second.
    package mutating func takeRegionUses() {
        guard published.generation != 0 else { return }
        for (_, region) in published.all where region.clientCount > 0 {
            takeUses(in: region)
            for function in region.functions {
                if let function { takeRegionHits(of: function) }
            }
        }
    }

    /// Only the hits, of one function.
    package mutating func takeRegionHits(of function: FunctionSlot) {
        guard published.generation != 0, let place = functions[function].published else { return }
        let (hits, savedMs) = published[place.region].takeCount(place: Int(place.place))
        if hits > 0 { report(function, hits: hits, savedMs: savedMs, regionHits: hits) }
    }

    /// What is published, of one owner's functions or of all.
    package func regionStatistics(owner: Int64?) -> RegionStatistics {
        var figures = RegionStatistics()
        figures.limit = published.limit
        figures.reason = published.reason
        for (_, region) in published.all where owner == nil || region.owner == owner {
            figures.bytes += region.writer.bytes
            figures.entries += region.writer.count
            figures.clients += region.clientCount
        }
        if owner == nil { figures.clients = published.clientCount }
        return figures
    }
}

/// Why a region cannot be mapped; for people.
package struct RegionRefusal: Error {
    package let reason: String

    init(_ reason: String) { self.reason = reason }
}

package struct RegionStatistics {
    package var bytes = 0
    package var limit = 0
    package var entries = 0
    package var clients = 0
    package var reason: String?
}

extension StoreCore {
    /// Begins to publish, if that is wanted and the system allows it.
    /// - Returns: by what readers see the process's end.
    mutating func beginRegions(bytes: Int, isolatesOwners: Bool, bootOffset: Int64?) -> RegionKeeper? {
        guard bytes >= RegionGeometry.bytesLeast else {
            if bytes > 0 {
                published = PublishedRegions(
                    reason: "shared-bytes is less than \(RegionGeometry.bytesLeast >> 10)KiB")
            }
            return nil
        }
        do throws(RegionError) {
            let keeper = try RegionKeeper()
            published = PublishedRegions(
                limit: bytes, isolatesOwners: isolatesOwners,
                instance: keeper.instance, bootOffset: bootOffset)
            return keeper
        } catch {
            published = PublishedRegions(reason: error.description)
            return nil
        }
    }
}
