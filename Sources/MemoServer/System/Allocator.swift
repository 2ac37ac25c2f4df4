internal import CLinux

/// The C library's allocator, set for a server.
enum Allocator {
    /// Replies of many KiB come and go all the time. As it is, the allocator would fetch the memory for each from
    /// the system and give it back at once, and the page faults would take longer than the copying.
    static func keepLargeBlocks() {
        _ = mallopt(memod_mmap_threshold, 1 << 20)
        _ = mallopt(memod_trim_threshold, 4 << 20)
    }
}
