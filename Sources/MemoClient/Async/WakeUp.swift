internal import Glibc

/// Wakes a thread that waits for a socket.
final class WakeUp: Sendable {
    private let reading: Int32
    private let writing: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        // Without descriptors left waking fails, and waiting ends only by its time.
        if pipe(&ends) == 0 {
            for end in ends {
                _ = fcntl(end, F_SETFD, FD_CLOEXEC)
                _ = fcntl(end, F_SETFL, O_NONBLOCK)
            }
        }
        reading = ends[0]
        writing = ends[1]
    }

    deinit {
        if reading >= 0 {
            close(reading)
            close(writing)
        }
    }

    func signal() {
        var byte: UInt8 = 1
        // A full pipe wakes as well as one byte more would.
        _ = write(writing, &byte, 1)
    }

    func clear() {
        guard reading >= 0 else { return }
        var bytes: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        while read(reading, &bytes, 32) == 32 {}
    }

    /// Waits for `signal`, the socket, or the time's end.
    /// - Parameter timeout: `nil`: for ever.
    func wait(with descriptor: Int32, wantsToSend: Bool, timeout: Duration?) {
        var descriptors = [
            pollfd(fd: reading, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(POLLIN) | (wantsToSend ? Int16(POLLOUT) : 0), revents: 0),
        ]
        let milliseconds = timeout.map { $0 > .zero ? Int32(clamping: $0.milliseconds + 1) : 0 } ?? -1
        poll(&descriptors, 2, reading < 0 ? (milliseconds < 0 ? 50 : min(milliseconds, 50)) : milliseconds)
    }
}
