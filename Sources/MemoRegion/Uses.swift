internal import Glibc
internal import Synchronization

/// A client's side of its uses: memory that it shares only with the daemon.
final class UsesWriter: @unchecked Sendable {  // `lock` guards `noted`; counters are atomic.
    private let mapping: Mapping
    private let base: UnsafeMutableRawPointer
    private let functions: Int
    private let lock = Atomic(false)
    private var noted: UInt64

    init(_ descriptor: Int32, functions: Int) throws(RegionError) {
        mapping = try Mapping(descriptor, isWritable: true)
        guard mapping.size >= RegionLayout.countersOffset + functions * RegionLayout.counterBytes else {
            throw RegionError("there is no room for uses")
        }
        base = mapping.base
        self.functions = functions
        noted = UnsafeRawPointer(base).relaxed64(RegionLayout.notedOffset)
    }

    /// Notes a use, for the order in which entries are evicted.
    /// - Parameters:
    ///   - ticket: as the block has it, with its generation.
    ///   - isExact: the order of its function's uses is exact. Half of the room is kept for those.
    /// - Returns: false if the daemon has not yet read what was noted before, or another thread is noting.
    @inline(__always)
    func note(_ ticket: UInt64, isExact: Bool) -> Bool {
        let bytes = UnsafeRawPointer(base)
        let room = UInt64(isExact ? RegionLayout.noteCapacity : RegionLayout.noteCapacity / 2)
        // Mostly there is none for the others, which is seen without taking turns.
        if !isExact,
            bytes.relaxed64(RegionLayout.notedOffset) &- bytes.relaxed64(RegionLayout.drainedOffset) >= room
        {
            return false
        }
        guard !lock.exchange(true, ordering: .acquiring) else { return false }
        defer { lock.store(false, ordering: .releasing) }
        guard noted &- bytes.relaxed64(RegionLayout.drainedOffset) < room else { return false }
        let note =
            RegionLayout.notesOffset + Int(noted % UInt64(RegionLayout.noteCapacity))
            &* RegionLayout.noteBytes
        base.store64(note, ticket)
        base.store64(note &+ 8, Self.now())
        noted &+= 1
        base.release64(RegionLayout.notedOffset, noted)
        if isExact {
            let exact = RegionLayout.exactNotedOffset
            base.release64(exact, bytes.relaxed64(exact) &+ 1)
        }
        return true
    }

    /// Counts a hit.
    @inline(__always)
    func count(place: Int, costMs: UInt32) {
        let counter = RegionLayout.countersOffset &+ place &* RegionLayout.counterBytes
        let bytes = UnsafeRawPointer(base)
        bytes.word64(counter).pointee.wrappingAdd(1, ordering: .relaxed)
        if costMs > 0 { bytes.word64(counter &+ 8).pointee.wrappingAdd(UInt64(costMs), ordering: .relaxed) }
    }

    /// By which notes of several clients are put into one order.
    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// A client's note of a use.
package struct UseNote: BitwiseCopyable, Sendable {
    package var ticket: UInt32
    package var generation: UInt32
    package var time: UInt64
}

/// The daemon's side of one client's uses, which may hold any garbage: nothing in it is trusted, and reading it takes a
/// bounded time.
package struct UsesReader: ~Copyable {
    package private(set) var memory: SharedMemory
    private let base: UnsafeRawPointer
    private var drained: UInt64 = 0
    private var exactSeen: UInt64 = 0
    private var counted: [(hits: UInt64, savedMs: UInt64)] = []
    /// What one client may claim at once: more hits than a process can have had.
    private static let countMax: UInt64 = 1 << 32

    package init(functions: Int) throws(RegionError) {
        let size = RegionLayout.countersOffset + functions * RegionLayout.counterBytes
        memory = try SharedMemory(name: "memod-uses", size: size, .writable)
        base = UnsafeRawPointer(memory.base)
    }

    /// Its descriptor, which is the caller's to close: one is enough, and it is kept by no one else.
    package mutating func handOver() -> Int32 { memory.takeDescriptor() }

    /// Whether there are notes to be read.
    @inline(__always)
    package var hasNotes: Bool { base.relaxed64(RegionLayout.notedOffset) != drained }

    /// Whether there are any of entries whose order is exact.
    @inline(__always)
    package var hasExactNotes: Bool { base.relaxed64(RegionLayout.exactNotedOffset) != exactSeen }

    /// Adds the notes that were made since the last call, oldest first.
    package mutating func drain(into notes: inout [UseNote]) {
        exactSeen = base.word64(RegionLayout.exactNotedOffset).pointee.load(ordering: .acquiring)
        let noted = base.word64(RegionLayout.notedOffset).pointee.load(ordering: .acquiring)
        // More than there is room for is garbage, of which nothing is taken.
        if noted &- drained <= UInt64(RegionLayout.noteCapacity) {
            while drained != noted {
                let note =
                    RegionLayout.notesOffset + Int(drained % UInt64(RegionLayout.noteCapacity))
                    * RegionLayout.noteBytes
                let ticket = base.relaxed64(note)
                notes.append(
                    UseNote(
                        ticket: UInt32(truncatingIfNeeded: ticket),
                        generation: UInt32(truncatingIfNeeded: ticket >> 32),
                        time: base.relaxed64(note + 8)))
                drained &+= 1
            }
        }
        drained = noted
        memory.base.release64(RegionLayout.drainedOffset, drained)
    }

    /// What was counted since the last call, for the first `places` functions.
    package mutating func takeCounts(
        places: Int, _ body: (_ place: Int, _ hits: Int64, _ savedMs: Int64) -> Void
    ) {
        for place in 0..<places {
            if let (hits, savedMs) = takeCount(place: place) { body(place, hits, savedMs) }
        }
    }

    /// The same for one function.
    /// - Returns: `nil` if nothing was counted.
    package mutating func takeCount(place: Int) -> (hits: Int64, savedMs: Int64)? {
        while counted.count <= place { counted.append((0, 0)) }
        let counter = RegionLayout.countersOffset + place * RegionLayout.counterBytes
        let hits = base.relaxed64(counter)
        let savedMs = base.relaxed64(counter + 8)
        guard hits != counted[place].hits else { return nil }
        let more = hits &- counted[place].hits
        let saved = savedMs &- counted[place].savedMs
        counted[place] = (hits, savedMs)
        guard more <= Self.countMax else { return nil }
        return (Int64(more), saved <= Self.countMax << 10 ? Int64(saved) : 0)
    }

    /// The place has another function now: what is counted from now on is that one's.
    package mutating func forget(place: Int) {
        _ = takeCount(place: place)
    }
}
