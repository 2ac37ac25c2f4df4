internal import Glibc

/// Tells the service manager of the daemon's state: the protocol of `sd_notify(3)`, one datagram a message.
struct ServiceNotifier {
    private let address: sockaddr_un
    private let length: socklen_t
    private let descriptor: Int32
    /// How often `WATCHDOG=1` is expected, in milliseconds, or `nil`.
    let watchdogMs: Int64?

    /// - Returns: `nil` if no service manager listens (`NOTIFY_SOCKET`).
    init?(environment: [String: String]) {
        guard let name = environment["NOTIFY_SOCKET"], name.hasPrefix("/") || name.hasPrefix("@") else {
            return nil
        }
        var address = sockaddr_un()
        var bytes = [UInt8](name.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        // An abstract address begins with NUL and has no end mark.
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 } else { bytes.append(0) }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        self.address = address
        length = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path)! + bytes.count)
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        let isForUs = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
        watchdogMs =
            isForUs
            ? environment["WATCHDOG_USEC"].flatMap { Int(digits: $0[...]) }.map { Int64(max(1, $0 / 1000)) }
            : nil
    }

    /// Sends assignments, one a line.
    func send(_ message: String) {
        withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = sendto(
                    descriptor, message, message.utf8.count,
                    Int32(MSG_NOSIGNAL | MSG_DONTWAIT), address, length)
            }
        }
    }

    /// Says that the configuration is being read again; the manager wants to know since when.
    func sendReloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        send("RELOADING=1\nMONOTONIC_USEC=\(Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000)")
    }
}
