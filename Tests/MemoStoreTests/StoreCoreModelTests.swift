import Glibc
import MemoRegion
import Testing

@testable import MemoStore

/// The store against a dictionary: seeded runs of every operation over a few functions, with time passing, commits,
/// a hot tier that is nearly always too small, two clients that read hits from the published region, and restarts.
@Suite struct StoreCoreModelTests {
    struct Entry {
        var value: [UInt8]
        var fresh: Int64
        var grace: Int64
        var expires: Int64 { fresh == .max ? .max : fresh + grace }
        var tags: Set<String>
        /// What it takes as on disk.
        var bytes: Int64
    }

    struct Function {
        var maxsize: Int64?
        var maxBytes: Int64?
        /// Keys in order of last use, oldest first.
        var order: [String] = []
        var entries: [String: Entry] = [:]
        var hits: Int64 = 0
        var misses: Int64 = 0
    }

    @Test(arguments: 1...40) func agreesWithADictionary(seed: UInt64) {
        var run = Run(seed: seed &* 7919)
        for step in 0..<1500 { run.step(step) }
        run.check()
        // Else the region was not tested.
        if run.hotBytes == 1 << 20 { #expect(run.regionHits > 50, "seed \(seed)") }
    }

    struct Run: ~Copyable {
        var random: RandomSource
        let seed: UInt64
        let disk = SimulatedDisk()
        var core: StoreCore
        var model: [String: Function] = [:]
        var now: Int64 = 1_000_000
        let hotBytes: Int
        var limits = StoreLimits()
        let names = ["f", "g", "h"]
        let keeper: RegionKeeper
        var readers: [RegionReader] = []
        var regionHits = 0
        /// Store time minus the boot time that readers are told.
        private static let bootOffset: Int64 = 500_000

        init(seed: UInt64) {
            self.seed = seed
            keeper = try! RegionKeeper()
            random = RandomSource(seed: seed)
            hotBytes = [400, 4000, 1 << 20][random.below(3)]
            // Much is done in pieces then.
            if random.below(2) == 0 { limits.reclaimEntries = 1 + random.below(3) }
            core = disk.restart(
                hotBytes: hotBytes, coldBytes: 1 << 30, now: now, random: seed, limits: limits)
            for name in names { model[name] = Function() }
            mapRegion()
        }

        mutating func mapRegion() {
            core.published = PublishedRegions(
                limit: 1 << 20, isolatesOwners: false, instance: keeper.instance, bootOffset: Self.bootOffset)
            readers = (0..<2).map { number in
                let handover = try! core.mapRegions(
                    of: [-1], for: ConnectionID(rawValue: 90 + UInt64(number)), uid: 0, process: 1)
                let (region, uses) = handover.regions[0]
                defer {
                    close(region)
                    close(uses)
                }
                return try! RegionReader(
                    region: region, uses: uses, control: ControlView(keeper.descriptor))
            }
        }

        /// What a client finds in the region is what the daemon would answer, if it finds anything.
        mutating func read(_ number: Int) {
            let name = names[random.below(names.count)]
            let key = "\"k\(random.below(8))\""
            core.now = now
            // Readers go by the machine's clock, which is not the test's: they are not asked for what has ended.
            if let fresh = model[name]!.entries[key]?.fresh, fresh <= now { return }
            guard let place = core.publishedPlace(slot(name)) else { return }
            let reader = readers[random.below(2)]
            let hit = Array(key.utf8).withUnsafeBytes {
                reader.get(place.number, place: Int(place.place), $0, NoFreshness.self)
            }
            guard let hit else { return }
            regionHits += 1
            model[name]!.hits += 1
            let entry = model[name]!.entries[key]
            #expect(entry?.value == hit.value, "seed \(seed) step \(number)")
            let fresh = hit.freshUntil.map { $0 + Self.bootOffset } ?? .max
            #expect(entry?.fresh == fresh, "seed \(seed) step \(number)")
            use(name, key)
            // Of a function without a bound they are taken at leisure.
            if model[name]!.maxsize == nil, model[name]!.maxBytes == nil { core.takeRegionUses() }
        }

        mutating func slot(_ name: String) -> FunctionSlot {
            var name = name
            return name.withUTF8 { core.internFunction(owner: -1, name: UnsafeRawBufferPointer($0))! }
        }

        /// Repeats an operation with what it needs from disk until it is done.
        mutating func complete<Result>(
            _ operation: (inout StoreCore, [LoadedRow]) -> (Result?, RowReference?)
        )
            -> Result
        {
            var loadedRows: [LoadedRow] = []
            while true {
                core.adopt(loadedRows)
                let (result, reference) = operation(&core, loadedRows)
                if let result {
                    core.release(loadedRows)
                    return result
                }
                let read = disk.read([reference!])
                precondition(!read.isEmpty, "row \(reference!.row) is not on disk, seed \(seed)")
                loadedRows += read
            }
        }

        mutating func step(_ number: Int) {
            core.now = now
            let name = names[random.below(names.count)]
            let keyText = "\"k\(random.below(random.below(4) == 0 ? 40 : 8))\""
            let function = slot(name)
            let key = Array(keyText.utf8)
            switch random.below(100) {
            case 0..<40: get(name, function, keyText, key, number)
            case 40..<70: put(name, function, keyText, key)
            case 70..<75: delete(name, function, keyText, key)
            case 75..<80: touch(name, function, keyText, key)
            case 80..<84: define(name, function)
            case 84:
                #expect(core.forget(function) >= alive(name))
                model[name] = Function()
            case 85:
                #expect(core.clear(function: function, resettingCounters: true) >= alive(name))
                model[name]!.entries = [:]
                model[name]!.order = []
                model[name]!.hits = 0
                model[name]!.misses = 0
            case 86..<88: clearTag("t\(random.below(3))")
            case 88..<93: now += Int64(random.below(400))
            case 93..<97: disk.commit(&core)
            case 97..<99:
                _ = core.sweep()
                core.takeRegionUses()
                dropSwept()
            default: restart()
            }
            while random.below(3) > 0 { read(number) }
            if number % 50 == 0 { core.check() }
        }

        /// What is expired counts until it is swept.
        mutating func dropSwept() {
            for name in names {
                let function = slot(name)
                for (key, entry) in model[name]!.entries where entry.expires <= now {
                    let isGone = Array(key.utf8).withUnsafeBytes {
                        let hash = core.hash(function, $0)
                        if case .absent = core.find(function, $0, hash: hash, loadedRows: []) { return true }
                        return false
                    }
                    if isGone { drop(name, key) }
                }
            }
        }

        func alive(_ name: String) -> Int { model[name]!.entries.values.count { $0.expires > now } }

        mutating func use(_ name: String, _ key: String) {
            model[name]!.order.removeAll { $0 == key }
            model[name]!.order.append(key)
        }

        mutating func drop(_ name: String, _ key: String) {
            model[name]!.entries[key] = nil
            model[name]!.order.removeAll { $0 == key }
        }

        mutating func get(
            _ name: String, _ function: FunctionSlot, _ key: String, _ bytes: [UInt8], _ number: Int
        ) {
            let found: (value: [UInt8], stale: Bool)? = complete { core, loadedRows in
                bytes.withUnsafeBytes { bytes in
                    let hash = core.hash(function, bytes)
                    switch core.get(
                        function, bytes, hash: hash, loadedRows: loadedRows, lease: nil, early: nil)
                    {
                    case .hit(let hit):
                        core.publish(hit, of: function)
                        return (.some((Array(hit.value), hit.stale)), nil)
                    case .miss: return (.some(nil), nil)
                    case .cold(let reference): return (nil, reference)
                    default: preconditionFailure()
                    }
                }
            }
            if let entry = model[name]!.entries[key], entry.expires > now {
                #expect(found?.value == entry.value, "seed \(seed) step \(number)")
                #expect(found?.stale == (entry.fresh <= now), "seed \(seed) step \(number)")
                model[name]!.hits += 1
                use(name, key)
            } else {
                #expect(found == nil, "seed \(seed) step \(number)")
                model[name]!.misses += 1
                drop(name, key)
            }
        }

        mutating func put(_ name: String, _ function: FunctionSlot, _ key: String, _ bytes: [UInt8]) {
            let value = [UInt8](
                repeating: UInt8(truncatingIfNeeded: random.below(4)),
                count: [1, 40, 64, 100, 511, 512, 900][random.below(7)])
            let ttl: Int64? = random.below(3) == 0 ? Int64(random.below(1000)) : nil
            let stale: Int64 = random.below(2) == 0 ? 0 : Int64(random.below(500))
            var tags: Set<String> = []
            if random.below(3) == 0 { tags.insert("t\(random.below(3))") }
            let isAbsentOnly = random.below(6) == 0
            let outcome: PutOutcome = complete { core, loadedRows in
                bytes.withUnsafeBytes { bytes in
                    value.withUnsafeBytes { value in
                        var request = PutRequest(
                            key: bytes, hash: core.hash(function, bytes), value: value, uid: 0)
                        request.ttlMs = ttl
                        request.staleMs = stale
                        request.tags = core.internTags(owner: -1, names: Array(tags))!
                        request.ifAbsent = isAbsentOnly
                        let outcome = core.put(function, request, loadedRows: loadedRows)
                        if case .cold(let reference) = outcome { return (nil, reference) }
                        return (outcome, nil)
                    }
                }
            }
            if isAbsentOnly, let entry = model[name]!.entries[key], entry.expires > now {
                #expect(outcome == .exists)
                return
            }
            let size = Int64(ColdSize.bytes(key: bytes.count, value: value.count))
            if size > model[name]!.maxBytes ?? .max {
                #expect(outcome == .tooLarge)
                if model[name]!.entries[key] != nil { drop(name, key) }
                return
            }
            if model[name]!.maxsize == 0 {
                #expect(outcome == .maxsize)
                return
            }
            #expect(outcome == .stored)
            let fresh = ttl.map { now + $0 } ?? .max
            model[name]!.entries[key] = Entry(
                value: value, fresh: fresh, grace: stale, tags: tags, bytes: size)
            use(name, key)
            trim(name)
        }

        mutating func trim(_ name: String) {
            func isOver(_ function: Function) -> Bool {
                function.order.count > function.maxsize ?? .max
                    || function.entries.values.reduce(0) { $0 + $1.bytes } > function.maxBytes ?? .max
            }
            while isOver(model[name]!) { drop(name, model[name]!.order[0]) }
        }

        mutating func delete(_ name: String, _ function: FunctionSlot, _ key: String, _ bytes: [UInt8]) {
            let deleted: Bool = complete { core, loadedRows in
                bytes.withUnsafeBytes { bytes in
                    let outcome = core.delete(
                        function, bytes, hash: core.hash(function, bytes), loadedRows: loadedRows)
                    return outcome.cold.map { (nil, $0) } ?? (outcome.deleted, nil)
                }
            }
            #expect(deleted == (model[name]!.entries[key].map { $0.expires > now } ?? false))
            drop(name, key)
        }

        mutating func touch(_ name: String, _ function: FunctionSlot, _ key: String, _ bytes: [UInt8]) {
            let ttl: Int64? = random.below(3) == 0 ? nil : Int64(random.below(2000))
            let touched: Bool = complete { core, loadedRows in
                bytes.withUnsafeBytes { bytes in
                    let outcome = core.touch(
                        function, bytes, hash: core.hash(function, bytes), ttlMs: ttl, loadedRows: loadedRows)
                    return outcome.cold.map { (nil, $0) } ?? (outcome.touched, nil)
                }
            }
            guard let expires = model[name]!.entries[key]?.expires, expires > now else {
                #expect(!touched)
                drop(name, key)
                return
            }
            #expect(touched)
            model[name]!.entries[key]!.fresh = ttl.map { now + $0 } ?? .max
            use(name, key)
        }

        mutating func define(_ name: String, _ function: FunctionSlot) {
            var change = ProfileChange()
            let maxsize: Int64? = random.below(3) == 0 ? nil : Int64(random.below(12)) - 1
            change.maxsize = .some(maxsize)
            let maxBytes: Int64? = random.below(2) == 0 ? nil : Int64(random.below(4000))
            change.maxBytes = .some(maxBytes)
            core.define(function, change)
            core.finishResizes()
            model[name]!.maxsize = maxsize.map { max(0, $0) }
            model[name]!.maxBytes = maxBytes
            trim(name)
        }

        mutating func clearTag(_ tag: String) {
            var counts = core.clear(tags: core.tags(owner: -1, name: tag), for: 1)
            while counts == nil {
                _ = core.takeOutCleared()
                counts = core.takeCleared(1)
            }
            for name in names {
                for (key, entry) in model[name]!.entries where entry.tags.contains(tag) { drop(name, key) }
            }
        }

        /// A clean end and a new start.
        mutating func restart() {
            core.endRegions("a restart")
            let reader = readers[0]
            #expect(!reader.isOpen)
            core.flushCounters()
            core.enqueue(.recency(core.order()))
            disk.commit(&core)
            core.dispose()
            core = disk.restart(
                hotBytes: hotBytes, coldBytes: 1 << 30, now: now, random: random.next(), limits: limits)
            mapRegion()
            // What expired is not loaded.
            for name in names {
                for (key, entry) in model[name]!.entries where entry.expires <= now { drop(name, key) }
            }
        }

        mutating func check() {
            core.now = now
            core.takeRegionUses()
            core.check()
            disk.commit(&core)
            core.check()
            core.checkInterning()
            for name in names {
                let info = core.info(slot(name))
                #expect(info.row.hits == model[name]!.hits, "seed \(seed)")
                #expect(info.row.misses == model[name]!.misses, "seed \(seed)")
                #expect(info.currsize >= alive(name))
                #expect(info.currsize <= model[name]!.entries.count, "seed \(seed)")
            }
        }
    }
}

/// Leaves the time to the test, whose clock readers cannot see.
private enum NoFreshness: RegionProbe {
    static var isNone: Bool { true }
    static func pause() {}
    static func skips(_ check: RegionCheck) -> Bool { check == .freshness }
}
