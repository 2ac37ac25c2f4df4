internal import CLinux
internal import Glibc
internal import Synchronization

/// Reads hits from a region that the daemon publishes: wait-free, and any doubt is a miss, for which the daemon is asked.
/// For several threads at once.
///
/// All loads of what may change go through `Atomic`, so that the compiler neither splits, repeats nor moves them.
/// `@unchecked Sendable` because it does not change, but for `uses`, which is made for threads.
package final class RegionReader: @unchecked Sendable {
    private let mapping: Mapping
    private let control: ControlView
    private let uses: UsesWriter?
    private let geometry: RegionGeometry
    private let base: UnsafeRawPointer
    private let index: UnsafeRawPointer
    private let log: UnsafeRawPointer
    private let seed: UInt32
    private let checksum = KeyChecksum.shared
    /// Whether entries that end are served: the clock is known to be the daemon's.
    private let servesEnding: Bool

    /// What a look-up found.
    package struct Hit {
        package var value: [UInt8]
        package var costMs: UInt32
        /// Milliseconds of `CLOCK_BOOTTIME`; `nil`: for ever.
        package var freshUntil: Int64?
    }

    /// - Parameters:
    ///   - region: a descriptor, which is not needed afterwards.
    ///   - uses: the descriptor of this process's own notes; without one only functions without a bound are served.
    /// - Throws: if it is not a region as this one reads it.
    package init(region: Int32, uses: Int32?, control: ControlView, servesEnding: Bool = true)
        throws(RegionError)
    {
        mapping = try Mapping(region, isWritable: false)
        guard mapping.size >= RegionLayout.pageBytes else { throw RegionError("the region is too small") }
        base = UnsafeRawPointer(mapping.base)
        guard let geometry = RegionGeometry(header: base, mapped: mapping.size) else {
            throw RegionError("the region is malformed, or of another version")
        }
        self.geometry = geometry
        index = base + geometry.index
        log = base + geometry.log
        seed = base.load(fromByteOffset: RegionLayout.seedOffset, as: UInt32.self)
        self.control = control
        self.servesEnding = servesEnding
        self.uses = if let uses { try UsesWriter(uses, functions: geometry.functionCount) } else { nil }
        guard
            base.load(fromByteOffset: RegionLayout.instanceOffset, as: UInt64.self) == control.instance.0,
            base.load(fromByteOffset: RegionLayout.instanceOffset + 8, as: UInt64.self) == control.instance.1
        else { throw RegionError("the region is another daemon's") }
    }

    /// Whether the daemon still publishes, and this is the process that mapped the region.
    package var isOpen: Bool {
        control.isAlive && base.relaxed32(RegionLayout.stateOffset) == RegionLayout.open
    }

    package var functionCount: Int { geometry.functionCount }

    /// The value of a key in canonical form.
    /// - Parameters:
    ///   - function: the number that the daemon says of the function, and its place.
    /// - Returns: `nil` if the daemon is to be asked.
    package func get(_ function: UInt32, place: Int, _ key: UnsafeRawBufferPointer) -> Hit? {
        get(function, place: place, key, NoProbe.self)
    }

    package func get<Probe: RegionProbe>(
        _ function: UInt32, place: Int, _ key: UnsafeRawBufferPointer, _: Probe.Type
    ) -> Hit? {
        guard place >= 0, place < geometry.functionCount, control.isOwnProcess else { return nil }
        let mask = geometry.bucketCount &- 1
        let position = KeyPosition(function: function, key: key, seed: seed, bucketMask: mask, checksum)
        for side in 0..<2 {
            let bucket = index + (position.bucket ^ side) &* (RegionLayout.bucketWords &* 8)
            for word in 0..<RegionLayout.bucketWords {
                let hint = bucket.relaxed64(word &* 8)
                guard UInt32(truncatingIfNeeded: hint >> 32) == position.tag else { continue }
                let offset = Int(UInt32(truncatingIfNeeded: hint)) &* RegionLayout.unit
                guard offset &+ RegionLayout.headBytes <= geometry.logBytes else { continue }
                Probe.pause()
                switch read(function, place, key, at: offset, Probe.self) {
                case .other: continue
                case .doubt: return nil
                case .hit(let hit): return hit
                }
            }
        }
        return nil
    }

    private enum Outcome {
        case other
        case doubt
        case hit(Hit)
    }

    private func read<Probe: RegionProbe>(
        _ function: UInt32, _ place: Int, _ key: UnsafeRawBufferPointer, at offset: Int, _: Probe.Type
    ) -> Outcome {
        let block = log + offset
        let publication = block.word64(0).pointee.load(ordering: .acquiring)
        guard publication >> 56 == RegionLayout.publicationMark >> 56 || Probe.skips(.mark) else {
            return .other
        }
        Probe.pause()
        // The flags stand behind the key's length.
        let lengthAndFlags = block.relaxed32(RegionLayout.keyBytesOffset)
        let keyBytes = Int(lengthAndFlags & 0xFFFF)
        let isExact = UInt16(lengthAndFlags >> 16) & RegionLayout.exact != 0
        let valueBytes = Int(block.relaxed32(RegionLayout.valueBytesOffset))
        guard block.relaxed32(RegionLayout.functionOffset) == function || Probe.skips(.function) else {
            return .other
        }
        guard keyBytes == key.count, valueBytes <= RegionLayout.valueBytesMax else { return .other }
        let start = RegionLayout.valueOffset(keyBytes: keyBytes)
        guard offset &+ start &+ valueBytes <= geometry.logBytes else { return .other }
        if keyBytes > 0, memcmp(block + RegionLayout.headBytes, key.baseAddress!, keyBytes) != 0,
            !Probe.skips(.key)
        {
            return .other
        }
        let freshUntil = Int64(bitPattern: block.relaxed64(RegionLayout.freshOffset))
        if freshUntil != RegionLayout.forever, !Probe.skips(.freshness) {
            guard servesEnding, BootTime.nowMs < freshUntil else { return .doubt }
        }
        let epoch = block.relaxed32(RegionLayout.blockEpochOffset)
        let ticket = block.relaxed64(RegionLayout.ticketOffset)
        let cost = block.relaxed32(RegionLayout.costOffset)
        let value = [UInt8](unsafeUninitializedCapacity: valueBytes) { buffer, count in
            count = valueBytes
            guard let to = buffer.baseAddress else { return }
            // In two parts only where tests hold a reader up in its middle.
            let half = Probe.isNone ? 0 : valueBytes / 2
            memcpy(to, block + start, half)
            Probe.pause()
            memcpy(to + half, block + start + half, valueBytes - half)
        }
        Probe.pause()
        atomicMemoryFence(ordering: .acquiring)
        guard block.relaxed64(0) == publication || Probe.skips(.publication) else { return .doubt }
        if isExact {
            // Now that it is known whose ticket that is, and before the last look: what was evicted meanwhile was no hit.
            guard holds(publication, of: block, place, epoch, Probe.self),
                uses?.note(ticket, isExact: true) ?? false
            else { return .doubt }
        }
        guard holds(publication, of: block, place, epoch, Probe.self) else { return .doubt }
        if !isExact { _ = uses?.note(ticket, isExact: false) }
        uses?.count(place: place, costMs: cost)
        return .hit(
            Hit(value: value, costMs: cost, freshUntil: freshUntil == RegionLayout.forever ? nil : freshUntil)
        )
    }

    /// Whether a block is still what it was, and nothing hides it. None of this becomes true again for one publication.
    @inline(__always)
    private func holds<Probe: RegionProbe>(
        _ publication: UInt64, of block: UnsafeRawPointer, _ place: Int, _ epoch: UInt32, _: Probe.Type
    ) -> Bool {
        (block.relaxed64(0) == publication || Probe.skips(.publication))
            && (base.relaxed64(geometry.functions &+ place &* 8) <= publication || Probe.skips(.functionWord))
            && (base.relaxed64(RegionLayout.clearedBelowOffset) <= publication || Probe.skips(.clearedBelow))
            && (epoch == 0 || base.relaxed32(RegionLayout.tagEpochOffset) == epoch || Probe.skips(.tagEpoch))
            && (base.relaxed32(RegionLayout.stateOffset) == RegionLayout.open || Probe.skips(.state))
            && (control.isAlive || Probe.skips(.alive))
    }
}

/// What a reader checks before it takes a value.
package enum RegionCheck: CaseIterable, Sendable {
    case mark, function, key, freshness, publication, functionWord, clearedBelow, tagEpoch, state, alive
}

/// For tests: holds readers up at the worst moments, and leaves checks out, which must be noticed.
package protocol RegionProbe {
    static var isNone: Bool { get }
    static func pause()
    static func skips(_ check: RegionCheck) -> Bool
}

/// Compiled to nothing.
enum NoProbe: RegionProbe {
    @inline(__always) static var isNone: Bool { true }
    @inline(__always) static func pause() {}
    @inline(__always) static func skips(_ check: RegionCheck) -> Bool { false }
}
