internal import Glibc
internal import MemoStore
internal import MemoWire
internal import Platform

/// Hits that clients read from shared memory (docs/region.md).
extension Dispatcher {
    /// Hands over what a client needs to read hits by itself: the page that says whether this process lives, then the
    /// region of its own functions and its uses of them, and the same for shared functions if users are isolated.
    func map(_ core: inout StoreCore, _ request: Request, _ context: Context) {
        let connection = context.connection
        guard let control = store.regionControl else {
            return fail(
                request, .badRequest,
                "nothing is published: \(core.regionStatistics(owner: nil).reason ?? "it is off")", context)
        }
        guard connection.output.isEmpty, connection.isFree else {
            return fail(request, .badRequest, "map goes on a connection of its own", context)
        }
        var owners = [settings.isolatesUsers ? Int64(connection.uid) : FunctionRow.everyone]
        if settings.isolatesUsers, !settings.shared.isEmpty { owners.append(FunctionRow.everyone) }
        let handover: StoreCore.Handover
        do throws(RegionRefusal) {
            handover = try core.mapRegions(
                of: owners, for: connection.id, uid: connection.uid, process: connection.process)
        } catch {
            return fail(request, .busy, error.reason, context)
        }
        // With a state, the store is told when the connection is closed.
        _ = connection.state
        let descriptors =
            [fcntl(control, F_DUPFD_CLOEXEC, 0)] + handover.regions.flatMap { [$0.region, $0.uses] }
        let parcel = DescriptorParcel(descriptors)
        guard !descriptors.contains(where: { $0 < 0 }) else {
            return fail(request, .busy, "there are no descriptors left; try again", context)
        }
        connection.parcel = parcel
        var object = ObjectWriter()
        object.field("instance", instance)
        object.field("boottime_ms", BootClock.nowMs)
        object.field("regions", handover.regions.count)
        object.field("places", core.placesPerRegion)
        object.reply(to: request, into: &connection.output)
    }

    /// Publishes a hit of a client that could have read it by itself.
    @inline(__always)
    func publish(_ hit: Hit, of function: FunctionSlot, _ core: inout StoreCore, _ connection: Connection) {
        if core.regionGeneration != 0 { publishIfMapped(hit, function, &core, connection) }
    }

    @inline(never)
    private func publishIfMapped(
        _ hit: Hit, _ function: FunctionSlot, _ core: inout StoreCore, _ connection: Connection
    ) {
        if hasMapped(core, connection) { core.publish(hit, of: function) }
    }

    private func hasMapped(_ core: borrowing StoreCore, _ connection: Connection) -> Bool {
        if connection.regionGeneration != core.regionGeneration {
            connection.regionGeneration = core.regionGeneration
            connection.hasMappedRegion = core.hasMapped(uid: connection.uid, process: connection.process)
        }
        return connection.hasMappedRegion
    }

    /// Where a client that has mapped its region finds a function there.
    func appendRegion(_ function: FunctionSlot, _ core: inout StoreCore, _ connection: Connection) {
        guard core.regionGeneration != 0, hasMapped(core, connection),
            let found = core.publishedPlace(function)
        else { return }
        // Places of the region of shared functions come behind those of the user's own.
        let isShared = settings.isolatesUsers && core.info(function).row.owner == FunctionRow.everyone
        var object = ObjectWriter()
        object.field("place", Int(found.place) + (isShared ? core.placesPerRegion : 0))
        object.field("number", found.number)
        ReplyWriter.beginField("region", into: &connection.output)
        connection.output.append("{")
        connection.output.append(object.text.bytes)
        connection.output.append("}")
    }

    func appendRegion(_ figures: RegionStatistics, hits: Int64, to object: inout ObjectWriter) {
        object.object("region") {
            $0.field("enabled", figures.reason == nil)
            if let reason = figures.reason { $0.field("reason", reason) }
            $0.field("bytes", figures.bytes)
            $0.field("limit_bytes", figures.limit)
            $0.field("entries", figures.entries)
            $0.field("clients", figures.clients)
            $0.field("hits", hits)
        }
    }
}
