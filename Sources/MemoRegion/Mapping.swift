internal import CLinux
internal import Glibc
internal import Synchronization

/// What another process handed over, mapped as a whole.
struct Mapping: ~Copyable {
    let base: UnsafeMutableRawPointer
    let size: Int

    /// - Throws: if it may be cut, of which whoever reads it would die.
    init(_ descriptor: Int32, isWritable: Bool) throws(RegionError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size > 0 else {
            throw RegionError("it is not memory")
        }
        let seals = fcntl(descriptor, memod_get_seals)
        guard seals >= 0, seals & memod_seal_shrink != 0 else { throw RegionError("its size is not sealed") }
        let size = Int(status.st_size)
        let protection = isWritable ? PROT_READ | PROT_WRITE : PROT_READ
        guard let base = mmap(nil, size, protection, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
            throw RegionError(errno: errno, doing: "map the region")
        }
        self.base = base
        self.size = size
    }

    deinit { munmap(base, size) }
}

/// The control page as a client sees it.
package final class ControlView: @unchecked Sendable {  // Nothing in it changes but what the daemon writes.
    private let mapping: Mapping
    private let page: UnsafeRawPointer
    private let alive: UInt32
    package let instance: (UInt64, UInt64)
    /// A page that a forked child finds empty: its parent's notes are not its own.
    private let own: UnsafeMutableRawPointer

    /// - Throws: if the daemon is gone already.
    package init(_ descriptor: Int32) throws(RegionError) {
        mapping = try Mapping(descriptor, isWritable: false)
        page = UnsafeRawPointer(mapping.base)
        guard mapping.size >= RegionLayout.pageBytes,
            page.load(fromByteOffset: RegionLayout.magicOffset, as: UInt64.self) == RegionLayout.magic,
            page.load(fromByteOffset: RegionLayout.versionOffset, as: UInt32.self) == RegionLayout.version
        else { throw RegionError("the control page is malformed, or of another version") }
        instance = (
            page.load(fromByteOffset: RegionLayout.instanceOffset, as: UInt64.self),
            page.load(fromByteOffset: RegionLayout.instanceOffset + 8, as: UInt64.self)
        )
        alive = page.word32(RegionLayout.aliveOffset).pointee.load(ordering: .acquiring)
        guard alive != 0, alive & memod_owner_died == 0 else { throw RegionError("the daemon has ended") }
        guard
            let own = mmap(
                nil, RegionLayout.pageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            own != MAP_FAILED
        else { throw RegionError(errno: errno, doing: "give out memory") }
        guard madvise(own, RegionLayout.pageBytes, memod_wipe_on_fork) == 0 else {
            munmap(own, RegionLayout.pageBytes)
            throw RegionError(errno: errno, doing: "tell of forks")
        }
        own.storeBytes(of: 1, as: UInt32.self)
        self.own = own
    }

    deinit { munmap(own, RegionLayout.pageBytes) }

    @inline(__always)
    var isOwnProcess: Bool { UnsafeRawPointer(own).relaxed32(0) != 0 }

    @inline(__always)
    var isAlive: Bool { page.relaxed32(RegionLayout.aliveOffset) == alive && isOwnProcess }
}

package enum BootTime {
    package static var nowMs: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
