/// Store time: milliseconds in which every `created`, `fresh` and `expires` is given.
///
/// Within one boot of the machine it is the boot-time clock and an offset, so that it is exact whatever the
/// wall clock does. Across boots it goes on by what the wall clock went on by since it was last saved; a wall
/// clock that went back counts as no time passed. It never goes back.
final class StoreClock: Sendable {
    /// What is kept in the database, written with every commit.
    struct State: Sendable, Equatable {
        static let bootBytes = 40

        var boot: String
        /// Store time minus boot time.
        var offset: Int64
        /// Store time and wall time when it was saved.
        var lastMs: Int64
        var lastWallMs: Int64
    }

    private let source: ClockSource
    private let offset: Int64

    /// - Parameter saved: the state in the database; `nil` in a new one, whose time begins at the wall clock's.
    init(source: ClockSource, saved: State?) {
        self.source = source
        let boottime = source.boottimeMs()
        let wall = source.wallMs()
        guard let saved else {
            offset = wall &- boottime
            return
        }
        if saved.boot == source.boot, boottime >= saved.lastMs &- saved.offset {
            offset = saved.offset
        } else if saved.boot == source.boot {
            // The boot-time clock went back: a machine restored from a snapshot.
            offset = saved.lastMs &- boottime
        } else {
            offset = saved.lastMs &+ max(0, wall &- saved.lastWallMs) &- boottime
        }
    }

    /// The present in store time.
    func now() -> Int64 { source.boottimeMs() &+ offset }

    /// Store time minus the machine's boot time; `nil` if a test moves the clock.
    var bootOffset: Int64? { source.isMoved ? nil : offset }

    /// The wall clock's present, ms since 1970.
    func wallNow() -> Int64 { source.wallMs() }

    /// Wall time less store time, both of one moment: what waits for the lock meanwhile would come on top.
    func wallOffset() -> Int64 { source.wallMs() &- now() }

    /// What to save at this moment.
    func state() -> State {
        State(boot: source.boot, offset: offset, lastMs: now(), lastWallMs: source.wallMs())
    }
}

extension StoreClock.State {
    /// Three integers, then the boot's name.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for number in [offset, lastMs, lastWallMs] {
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes + boot.utf8.prefix(Self.bootBytes)
    }

    /// - Returns: `nil` if these are not the bytes of a state.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard (24...24 + Self.bootBytes).contains(bytes.count) else { return nil }
        func number(_ offset: Int) -> Int64 {
            Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self))
        }
        self.init(
            boot: String(decoding: bytes[24...], as: UTF8.self), offset: number(0), lastMs: number(8),
            lastWallMs: number(16))
    }
}
