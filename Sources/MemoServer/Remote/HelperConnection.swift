internal import Glibc
internal import Platform

/// The socket to the helper, and the helper's process if memod started it.
struct HelperConnection: ~Copyable {
    let descriptor: Int32
    private let child: pid_t?

    /// - Returns: `nil` if there is no helper; `reason` says why.
    static func open(_ helper: RemoteSettings.Helper, reason: inout String) -> HelperConnection? {
        switch helper {
        case .running(let path): connect(path, &reason)
        case .started(_, let arguments): start(arguments, &reason)
        }
    }

    private static func connect(_ path: String, _ reason: inout String) -> HelperConnection? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0, let address = try? UnixSocketAddress(path: path) else {
            reason = "\(path) is no socket"
            if descriptor >= 0 { close(descriptor) }
            return nil
        }
        let result = address.withSockaddr { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 else {
            reason = "\(path): \(String(cString: strerror(errno)))"
            close(descriptor)
            return nil
        }
        return HelperConnection(descriptor: descriptor, child: nil)
    }

    private static func start(_ arguments: [String], _ reason: inout String) -> HelperConnection? {
        guard let program = HelperProgram.path else {
            reason = "\(HelperProgram.name) is neither beside memod nor on PATH"
            return nil
        }
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &pair) == 0
        else {
            reason = "there are no descriptors left"
            return nil
        }
        defer { close(pair[1]) }
        let null = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(null) }
        // It ends when its end of the socket closes.
        guard
            let child = HelperProgram.start(
                program, arguments + ["--link", "3"],
                descriptors: [null, STDERR_FILENO, STDERR_FILENO, pair[1]])
        else {
            reason = "\(program) cannot be started"
            close(pair[0])
            return nil
        }
        return HelperConnection(descriptor: pair[0], child: child)
    }

    /// Closes the socket and waits for the process's end, not for long.
    /// - Returns: what the process said of itself.
    consuming func end() -> String {
        close(descriptor)
        guard let child else { return "it closed the connection" }
        var status: Int32 = 0
        for attempt in 0..<100 {
            let ended = waitpid(child, &status, WNOHANG)
            if ended == child || (ended < 0 && errno != EINTR) { break }
            if attempt == 50 { kill(child, SIGKILL) }
            usleep(20_000)
        }
        if status & 0x7f != 0 { return "\(HelperProgram.name) was ended by signal \(status & 0x7f)" }
        let code = (status >> 8) & 0xff
        guard code != 64 else {
            return "\(HelperProgram.name) does not take its settings; memod's log says why"
        }
        return "\(HelperProgram.name) ended with status \(code)"
    }
}
