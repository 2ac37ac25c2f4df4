internal import CLinux
internal import Glibc
internal import MemoWire
internal import Synchronization

/// Sends memory to a Unix socket without copying it: a pipe takes references to its pages, and the socket takes them
/// from the pipe. Of 64 KiB that saves more than half of the sender's time.
///
/// What was sent is not the sender's any more: the peer reads it when it likes, and may keep the pages. They must
/// never be written again, not even by the allocator.
struct PagePipe: ~Copyable {
    private var reading: Int32 = -1
    private var writing: Int32 = -1
    /// The kernel or a filter of system calls has refused.
    private static let isRefused = Atomic(false)
    /// Before Linux 6.5 the peer could keep the sender waiting: a page at a time went under a lock that it holds while
    /// it reads. And where all memory is in huge pages, who keeps one page keeps two megabytes.
    private static let isSupported = kernel >= (6, 5) && !usesHugePagesAlways
    static var isOfUse: Bool { isSupported && !isRefused.load(ordering: .relaxed) }

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
                giveUp(errno)
                break
            }
            let moved = move(held, to: socket)
            sent += moved
            if moved < held { break }
        }
        return sent
    }

    /// Moves what the pipe holds to the socket, and forgets what there is no room for.
    private mutating func move(_ held: Int, to socket: Int32) -> Int {
        var moved = 0
        while moved < held {
            let count = splice(reading, nil, socket, nil, held - moved, memod_splice_nonblocking)
            guard count > 0 else {
                giveUp(count < 0 ? errno : 0)
                break
            }
            moved += count
        }
        return moved
    }

    private mutating func connect() -> Bool {
        guard reading < 0 else { return true }
        return withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2) { ends in
            guard pipe2(ends.baseAddress, O_CLOEXEC | O_NONBLOCK) == 0 else { return false }
            (reading, writing) = (ends[0], ends[1])
            return true
        }
    }

    /// Drops what is in the pipe; for good, where trying again is in vain.
    private mutating func giveUp(_ error: Int32) {
        if [EINVAL, ENOSYS, EPERM, EACCES, EOPNOTSUPP].contains(error) {
            Self.isRefused.store(true, ordering: .relaxed)
        }
        closeEnds()
        (reading, writing) = (-1, -1)
    }

    private func closeEnds() {
        guard reading >= 0 else { return }
        close(reading)
        close(writing)
    }

    private static var kernel: (Int, Int) {
        var name = utsname()
        guard uname(&name) == 0 else { return (0, 0) }
        let release = withUnsafeBytes(of: name.release) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        let numbers = release.split { !$0.isASCII || !$0.isNumber }.prefix(2).map { Int($0) ?? 0 }
        return numbers.count == 2 ? (numbers[0], numbers[1]) : (0, 0)
    }

    private static var usesHugePagesAlways: Bool {
        guard let file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re") else { return false }
        defer { fclose(file) }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { text in
            let count = fread(text.baseAddress, 1, text.count, file)
            return String(decoding: text.prefix(count), as: UTF8.self).contains("[always]")
        }
    }
}
