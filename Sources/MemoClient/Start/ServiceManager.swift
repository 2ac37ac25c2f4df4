internal import Glibc
internal import Platform

/// A socket that systemd listens on and starts memod for: who ended memod would see it started again.
package struct ServiceManager {
    package let socket: String
    /// What ends both.
    package let command: String

    /// - Returns: `nil` if no service manager holds the socket. The kernel is asked who listens there.
    package init?(holding location: SocketLocation) {
        do throws(MemoError) {
            let connection = try SocketConnection.open([location], deadline: Deadline(in: .seconds(1)))
            guard let listener = PeerCredentials(of: connection.descriptor),
                SmallFile.read("/proc/\(listener.process)/comm", limit: 64) == "systemd\n"
            else { return nil }
            socket = location.path
            command =
                (listener.process == 1 ? "systemctl" : "systemctl --user")
                + " stop memod.socket memod.service"
        } catch {
            return nil
        }
    }
}
