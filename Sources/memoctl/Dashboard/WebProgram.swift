internal import Glibc
internal import MemoClient
internal import Platform

/// The program `memod-web`.
struct WebProgram {
    private let path: String
    /// How long it may take until it says where it serves.
    private static let patience: Int32 = 20_000
    private static let idleExit = "1h"

    /// Beside this program or on `PATH`, where no one else can have put it.
    static func find() throws -> WebProgram {
        let (program, distrusted) = DaemonProgram.find(
            "memod-web", path: getenv("PATH").map { String(cString: $0) })
        if let program { return WebProgram(path: program) }
        let why = distrusted.isEmpty ? "" : " that may be trusted: " + distrusted.joined(separator: "; ")
        throw CommandFailure(
            "there is no memod-web beside memoctl or on PATH\(why); it comes with memod's Debian package, and "
                + "tools/install --web in a checkout of memod's sources builds and installs it")
    }

    /// Starts it for the daemon at this socket, in a session of its own.
    /// - Returns: where it serves.
    func start(socket: String) throws -> WebAddress {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw OutputError("a pipe", number: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        // What it complains of while it starts.
        guard let file = tmpfile() else { throw OutputError("a temporary file", number: errno) }
        defer { fclose(file) }
        let complaints = fileno(file)
        let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(nothing) }
        do {
            defer { close(ends[1]) }
            _ = try Spawning.spawn(
                words("--socket", socket, "--listen", "127.0.0.1:0", "--idle-exit", Self.idleExit),
                ProcessLaunch(descriptors: [nothing, ends[1], complaints], isDetached: true))
        }
        if let line = Self.line(from: ends[0]), let address = WebAddress(line) { return address }
        throw CommandFailure(Self.complaint(in: complaints) ?? "\(path) did not say where it serves")
    }

    /// Has it write a self-contained page.
    func save(_ file: String, socket: String) throws {
        let child = try Spawning.spawn(
            words("--socket", socket, "--save", file),
            ProcessLaunch(descriptors: [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]))
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        // It has said why.
        if status != 0 { throw CommandFailure("the page was not saved") }
    }

    private func words(_ words: String...) -> [[UInt8]] { ([path] + words).map { Array($0.utf8) } }

    private static func line(from descriptor: Int32) -> String? {
        var bytes: [UInt8] = []
        let end = ContinuousClock.now + .milliseconds(Int(patience))
        while !bytes.contains(0x0A), bytes.count < 4096 {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let left = Int32(
                clamping: (end - .now) / .milliseconds(1) < 0 ? 0 : Int64((end - .now) / .milliseconds(1)))
            let ready = poll(&waiting, 1, left)
            if ready < 0, errno == EINTR { continue }
            var buffer = [UInt8](repeating: 0, count: 1024)
            guard ready > 0, case let count = read(descriptor, &buffer, buffer.count), count > 0 else {
                break
            }
            bytes += buffer[..<count]
        }
        return bytes.contains(0x0A) ? String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self) : nil
    }

    private static func complaint(in file: Int32) -> String? {
        var buffer = [UInt8](repeating: 0, count: 2048)
        let count = pread(file, &buffer, buffer.count, 0)
        let text = String(decoding: buffer.prefix(max(0, count)).prefix { $0 != 0x0A }, as: UTF8.self)
        return text.isEmpty ? nil : TextEscaping.printable(text)
    }
}
