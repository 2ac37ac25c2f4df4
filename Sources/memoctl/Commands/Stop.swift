internal import ArgumentParser
internal import Glibc
internal import MemoClient

struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "End your daemon: what it was sent is answered and committed first.",
        discussion: """
            It ends the process that the socket's lock file names, if that is a memod of yours. Clients that start a \
            daemon start another one when they next need it.

              memoctl stop
            """)

    @OptionGroup var common: CommonOptions

    func run() throws {
        let locations = common.client().locations
        for location in locations {
            if let manager = ServiceManager(holding: location) {
                throw CommandFailure(
                    "systemd holds the socket \(manager.socket); stop it with: \(manager.command)")
            }
            guard let daemon = DaemonProcess(socket: location.path) else { continue }
            guard kill(daemon.pid, SIGTERM) == 0 || errno == ESRCH else {
                throw CommandFailure(
                    "process \(daemon.pid) cannot be ended: \(SystemCallError("kill", number: errno).reason)")
            }
            return try wait(for: daemon, location.path)
        }
        let places = locations.map(\.path).joined(separator: ", ")
        throw CommandFailure("no memod of yours runs at \(places)")
    }

    /// A drain takes ten seconds at most, the last commit what the disk takes.
    private func wait(for daemon: DaemonProcess, _ socket: String) throws {
        let patience = common.timeout?.duration ?? .seconds(60)
        let deadline = ContinuousClock.now + patience
        while daemon.isAlive {
            guard ContinuousClock.now < deadline else {
                throw CommandFailure(
                    "memod (process \(daemon.pid)) was told to end, and has not in \(HumanFormat.duration(patience))"
                )
            }
            poll(nil, 0, 10)
        }
        if common.json {
            try Output.standard.writeAnswer([
                ("stopped", JSONText(true)), ("socket", JSONText(string: socket)),
                ("process", JSONText(daemon.pid)),
            ])
        } else {
            try Output.standard.writeLine(
                Terminal.standardOutput.safe("memod at \(socket) has ended (process \(daemon.pid))"))
        }
    }
}
