internal import CLinux
internal import Glibc
internal import MemoWire

/// Sends memory to a Unix socket without copying it: a pipe takes references to its pages, and the socket takes them
/// from the pipe (Linux 2.6.17 and later). Of 64 KiB that saves more than half of the sender's time.
///
/// What was sent is not the sender's any more: the peer reads it when it likes, and may keep the pages. They must
/// never be written again, not even by the allocator.
struct PagePipe: ~Copyable {
    private var reading: Int32 = -1
    private var writing: Int32 = -1
    /// Not where the kernel or a filter of system calls refuses.
    private var isUsable = true

    deinit { closeEnds() }

    /// Sends whole pages, as many as there is room for.
    /// - Parameter socket: must not block.
    /// - Returns: how many bytes; 0 as well where this way cannot be gone, so that the rest should go another.
    mutating func send(_ pages: Bytes, to socket: Int32) -> Int {
        var sent = 0
        while sent < pages.count, connect() {
            var part = iovec(
                iov_base: UnsafeMutableRawPointer(mutating: pages.baseAddress! + sent),
                iov_len: pages.count - sent)
            let held = vmsplice(writing, &part, 1, memod_splice_nonblocking)
            guard held > 0 else {
                giveUp()
                break
            }
            var moved = 0
            while moved < held {
                let count = splice(reading, nil, socket, nil, held - moved, memod_splice_nonblocking)
                guard count > 0 else { break }
                moved += count
            }
            sent += moved
            if moved < held {
                giveUp()
                break
            }
        }
        return sent
    }

    private mutating func connect() -> Bool {
        guard isUsable, reading < 0 else { return isUsable }
        return withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2) { ends in
            guard pipe2(ends.baseAddress, O_CLOEXEC | O_NONBLOCK) == 0 else { return false }
            (reading, writing) = (ends[0], ends[1])
            return true
        }
    }

    /// Drops what is in the pipe; for good, where trying again is in vain.
    private mutating func giveUp() {
        if [EINVAL, ENOSYS, EPERM, EOPNOTSUPP].contains(errno) { isUsable = false }
        closeEnds()
        (reading, writing) = (-1, -1)
    }

    private func closeEnds() {
        guard reading >= 0 else { return }
        close(reading)
        close(writing)
    }
}
