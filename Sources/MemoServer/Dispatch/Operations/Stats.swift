internal import MemoStore
internal import MemoWire
internal import Platform

extension Progress {
    fileprivate consuming func stats(_ owner: Int64?) -> FunctionSums {
        switch consume self {
        case .stats(let sums): sums
        default: FunctionSums(owner: owner)
        }
    }
}

extension Dispatcher {
    func stats(_ core: inout StoreCore, _ request: Request, _ context: Context) -> Step {
        let owner = visibleOwner(context.connection)
        core.takeRegionUses()
        var sums = context.connection.takeProgress().stats(owner)
        while core.sum(&sums, functions: Self.functionsAtOnce) {
            if mustYield(core, context) { return yields(.stats(sums), context) }
        }
        let figures = core.statistics(sums)
        core.work.spend(Self.statsWork)
        let totals = figures.totals
        var object = ObjectWriter()
        object.field("version", Version.text)
        object.field("uptime_ms", Int(BootClock.nowMs - began))
        object.field("hits", totals.hits)
        object.field("misses", totals.misses)
        object.field("currsize", figures.entries)
        object.field("functions", figures.functions)
        object.field("evictions", totals.evictions)
        object.field("expirations", totals.expirations)
        object.field("saved_ms", totals.savedMs)
        object.field("verified", totals.verified)
        object.field("mismatched", totals.mismatched)
        object.field("degraded", figures.degraded != nil)
        if owner == nil {
            if let why = figures.degraded { object.field("degraded_reason", why) }
            appendEverybodys(figures, to: &object)
            appendRemote(core.remoteReport, to: &object)
        } else {
            let own = loops.connections(of: context.connection.uid)
            object.field("connections", own.count)
            object.field("connection_limit", own.limit)
            appendTiers(figures, to: &object) { _ in }
        }
        appendRegion(core.regionStatistics(owner: owner), hits: totals.regionHits, to: &object)
        if context.connection.isAdministrator { appendSettings(to: &object) }
        object.reply(to: request, into: &context.connection.output)
        return .done
    }

    /// Functions that are looked at before it is seen whether others wait.
    static let functionsAtOnce = 512
    /// To write the reply, in units of work.
    private static let statsWork = 200

    /// Names users, groups and paths: only for administrators, whether users are isolated or not.
    private func appendSettings(to object: inout ObjectWriter) {
        let configuration = configuration.withLock { $0 }
        object.object("settings") { object in
            for name in SettingName.allCases {
                let origin = configuration.origins[name] ?? .builtIn
                object.object(name.rawValue) {
                    $0.field("value", configuration.text(of: name))
                    $0.field("source", origin.source)
                    if case .file(_, let line) = origin { $0.field("line", line) }
                }
            }
        }
    }

    /// - Parameter cold: writes what else there is of the cold one.
    private func appendTiers(
        _ figures: StoreStatistics, to object: inout ObjectWriter, _ cold: (inout ObjectWriter) -> Void
    ) {
        object.object("hot") {
            $0.field("entries", figures.hotEntries)
            $0.field("bytes", figures.hotBytes)
            $0.field("limit_bytes", figures.hotLimit)
            $0.field("hits", figures.totals.hotHits)
        }
        object.object("cold") {
            $0.field("entries", figures.coldEntries)
            $0.field("bytes", figures.coldBytes)
            $0.field("limit_bytes", figures.coldLimit)
            $0.field("hits", figures.totals.coldHits)
            cold(&$0)
        }
    }

    /// What says something of all users together.
    private func appendEverybodys(_ figures: StoreStatistics, to object: inout ObjectWriter) {
        let server = loops.statistics
        let condition = store.condition
        object.field("connections", server.connections)
        object.field("connection_limit", configuration.withLock { $0.maxConnections })
        object.field("connections_refused", server.refusedTooMany)
        appendTiers(figures, to: &object) {
            $0.field("pending", figures.pendingWrites)
            $0.field("damaged_rows", figures.damagedRows)
            if let free = condition.freeBytes { $0.field("free_bytes", free) }
            $0.object("check") {
                $0.field("state", condition.check.rawValue)
                $0.field("rows", condition.rows)
                $0.field("damaged_rows", condition.damagedRows)
                if let ago = condition.endedAgoMs { $0.field("ago_ms", ago) }
            }
        }
        object.object("interning") {
            $0.field("values", figures.internedValues)
            $0.field("references", figures.internedReferences)
            $0.field("saved_bytes", figures.internedSavedBytes)
            $0.object("disk") {
                $0.field("values", figures.diskInternedValues)
                $0.field("references", figures.diskInternedReferences)
                $0.field("saved_bytes", figures.diskInternedSavedBytes)
            }
        }
        object.object("pool") {
            $0.field("idle", server.idleBuffers)
            $0.field("in_use", server.buffersInUse)
            $0.field("bytes", server.poolBytes)
        }
        object.object("latency_us") { object in
            for (operation, p50, p99, p999) in latencies.percentiles() {
                object.object(operation.rawValue) {
                    $0.field("p50", p50)
                    $0.field("p99", p99)
                    $0.field("p999", p999)
                }
            }
        }
        object.object("directory") {
            $0.field("entries", figures.coldEntries)
            $0.field("limit_entries", figures.indexCapacity)
            $0.field("bytes", figures.indexBytes)
        }
        object.object("queue") {
            $0.field("writes", figures.pendingWrites)
            $0.field("bytes", figures.pendingBytes)
            $0.field("limit_bytes", figures.pendingLimit)
        }
        object.object("leases") {
            $0.field("held", figures.leases)
            $0.field("limit", figures.leaseLimit)
            $0.field("waiters", figures.waiters)
            $0.field("waiter_limit", figures.waiterLimit)
            $0.field("bytes", figures.leaseBytes)
        }
        object.object("ghosts") {
            $0.field("limit", figures.ghostLimit)
            $0.field("bytes", figures.ghostBytes)
        }
        object.object("tags") {
            $0.field("count", figures.tags)
            $0.field("bytes", figures.tagBytes)
            $0.field("limit_bytes", figures.tagLimit)
        }
        object.object("function_table") {
            $0.field("count", figures.functionCount)
            $0.field("limit", figures.functionLimit)
            $0.field("bytes", figures.functionBytes)
            $0.field("limit_bytes", figures.functionBytesLimit)
        }
        let subscribed = subscriptions.figures
        object.object("subscriptions") {
            $0.field("count", subscribed.count)
            $0.field("bytes", subscribed.bytes)
            $0.field("limit_bytes", subscribed.limit)
        }
        object.object("work") {
            $0.field("most_at_once", figures.mostWork)
            $0.field("limit", Self.workMax)
        }
    }
}
