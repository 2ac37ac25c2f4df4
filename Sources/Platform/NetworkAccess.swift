internal import Glibc

/// Whether this process may reach other machines at all. A unit of systemd can take that away in two ways.
package enum NetworkAccess: Equatable, Sendable {
    case free
    /// Sockets of the internet's protocols cannot be made (`RestrictAddressFamilies=`).
    case noSockets
    /// There is only a loopback interface of its own (`PrivateNetwork=`).
    case ownNetwork

    /// How it is for this process.
    package static var ofThisProcess: NetworkAccess {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else {
            // A machine that is short of descriptors says so elsewhere.
            return [EAFNOSUPPORT, EPERM, EACCES].contains(errno) ? .noSockets : .free
        }
        close(descriptor)
        // Elsewhere that is how the machine is, and a server on it can be reached.
        guard isService else { return .free }
        return hasOnlyLoopback ? .ownNetwork : .free
    }

    /// systemd has started this process as a service's main one.
    private static var isService: Bool {
        getenv("SYSTEMD_EXEC_PID").map { String(cString: $0) == String(getpid()) } ?? false
    }

    private static var hasOnlyLoopback: Bool {
        guard let first = if_nameindex() else { return false }
        defer { if_freenameindex(first) }
        var names: [String] = []
        var next = first
        while next.pointee.if_index != 0, let name = next.pointee.if_name {
            names.append(String(cString: name))
            next += 1
        }
        return names == ["lo"]
    }
}
