internal import CLinux
internal import Glibc

/// Memory that can be handed to other processes as a descriptor. Its size is sealed: whoever maps it is never cut off,
/// and so never dies of SIGBUS.
///
/// `@unchecked Sendable` because what is written through `base` is its owner's affair.
package struct SharedMemory: ~Copyable, @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let size: Int
    private var descriptor: Int32
    /// Opened for reading only, to be handed over.
    package let readable: Int32

    enum Access {
        /// Others may read. Without a seal against writing, which would also forbid `empty`.
        case readable
        /// Others may read, and no one can ever write but through this mapping.
        case sealed
        /// Others may write.
        case writable
    }

    init(name: String, size: Int, _ access: Access) throws(RegionError) {
        // Descriptors of memory that could be executed are refused where `vm.memfd_noexec` is set.
        let flags = UInt32(memod_memfd_cloexec | memod_memfd_allow_sealing)
        var descriptor = memfd_create(name, flags | UInt32(memod_memfd_noexec_seal))
        if descriptor < 0, errno == EINVAL { descriptor = memfd_create(name, flags) }
        guard descriptor >= 0 else { throw RegionError(errno: errno, doing: "give out shared memory") }
        var mapping = UnsafeMutableRawPointer?.none
        var readable: Int32 = -1
        do throws(RegionError) {
            guard ftruncate(descriptor, off_t(size)) == 0 else {
                throw RegionError(errno: errno, doing: "size shared memory")
            }
            // A descriptor for reading can be opened anew for writing, through /proc, by whoever the mode allows.
            guard fchmod(descriptor, access == .writable ? 0o600 : 0o400) == 0 else {
                throw RegionError(errno: errno, doing: "restrict shared memory")
            }
            mapping = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
            guard let mapping, mapping != MAP_FAILED else {
                throw RegionError(errno: errno, doing: "map shared memory")
            }
            var seals = memod_seal_shrink | memod_seal_grow | memod_seal_seal
            if access == .sealed { seals |= memod_seal_future_write }
            guard fcntl(descriptor, memod_add_seals, seals) == 0 else {
                throw RegionError(errno: errno, doing: "seal shared memory")
            }
            if access != .writable {
                readable = open("/proc/self/fd/\(descriptor)", O_RDONLY | O_CLOEXEC)
                guard readable >= 0 else {
                    throw RegionError(errno: errno, doing: "open shared memory for reading")
                }
            }
        } catch {
            if let mapping, mapping != MAP_FAILED { munmap(mapping, size) }
            close(descriptor)
            throw error
        }
        base = mapping!
        self.size = size
        self.descriptor = descriptor
        self.readable = readable
    }

    /// Gives all of its memory back, also that of those who have it mapped: they read zeroes from then on.
    func empty() {
        _ = fallocate(descriptor, memod_punch_hole | memod_keep_size, 0, off_t(size))
    }

    /// The descriptor, which is the caller's to close; `empty` does nothing afterwards.
    mutating func takeDescriptor() -> Int32 {
        defer { descriptor = -1 }
        return descriptor
    }

    deinit {
        munmap(base, size)
        if descriptor >= 0 { close(descriptor) }
        if readable >= 0 { close(readable) }
    }
}

/// An array in memory of this process that is taken as it is touched, and zero at first.
struct PrivatePages<Element: BitwiseCopyable>: ~Copyable, @unchecked Sendable {  // Its memory is its owner's.
    let base: UnsafeMutablePointer<Element>
    private let bytes: Int

    init(count: Int) throws(RegionError) {
        bytes = max(1, count) * MemoryLayout<Element>.stride
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let start = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0), start != MAP_FAILED else {
            throw RegionError(errno: errno, doing: "give out memory")
        }
        base = start.bindMemory(to: Element.self, capacity: count)
    }

    subscript(index: Int) -> Element {
        @inline(__always) unsafeAddress { UnsafePointer(base + index) }
        @inline(__always) nonmutating unsafeMutableAddress { base + index }
    }

    deinit { munmap(base, bytes) }
}
