internal import Glibc
internal import MemoClient
internal import Platform

/// Looks at everything between this user and a healthy daemon.
struct Diagnosis {
    /// Free disk space below which commits are about to fail.
    private static let scarceBytes: Int64 = 256 << 20

    private let client: BlockingClient
    /// A daemon that answers may still have much to write.
    private let commitTimeout: Duration

    init(_ client: BlockingClient, commitTimeout: Duration) {
        self.client = client
        self.commitTimeout = commitTimeout
    }

    func findings() -> [Finding] {
        var findings = client.locations.map(place)
        do throws(MemoError) {
            let hello = try client.perform(.hello())
            findings.append(Finding(.good, "connection", "connected to \(client.path ?? "?")"))
            findings += versions(hello)
            let stats = try client.perform(.stats())
            findings += health(stats) + region(stats) + remote(stats) + movedAside(stats)
            findings += settings(stats)
            // What lives only in memory is nothing that a sync waits for.
            if stats.bool("degraded") != true { findings.append(commit()) }
        } catch {
            findings.append(Finding(.wrong, "connection", error.message, advice: Self.advice(for: error)))
        }
        return findings
    }

    private func place(_ location: SocketLocation) -> Finding {
        var status = stat()
        let subject = "socket"
        let place = "\(location.path) (\(location.origin))"
        guard lstat(location.path, &status) == 0 else {
            let reason = SystemCallError("lstat", number: errno).reason
            return Finding(client.locations.count == 1 ? .wrong : .note, subject, "\(place): \(reason)")
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            return Finding(
                .wrong, subject, "\(place) is not a socket",
                advice: "start memod with another --socket, and name that here")
        }
        guard access(location.path, W_OK) == 0 else {
            return Finding(
                .warning, subject, "\(place): you may not connect",
                advice: Advice.access)
        }
        let mode = String(status.st_mode & 0o777, radix: 8)
        return Finding(
            .good, subject, "\(place): mode 0\(mode), user \(status.st_uid), group \(status.st_gid)")
    }

    private func versions(_ hello: Reply) -> [Finding] {
        let version = hello.string("version") ?? "unknown"
        let own = Version.text
        if hello.int("protocol") != 1 {
            return [
                Finding(
                    .wrong, "version", "memod \(version) speaks another protocol than memoctl \(own)",
                    advice: "install both from the same release")
            ]
        }
        if version != own {
            return [
                Finding(
                    .warning, "version", "memod \(version), memoctl \(own)",
                    advice: "after an upgrade, restart the daemon: systemctl restart memod")
            ]
        }
        return [Finding(.good, "version", "memod and memoctl \(own)")]
    }

    private func health(_ stats: Reply) -> [Finding] {
        var findings: [Finding] = []
        if stats.bool("degraded") ?? false {
            let reason = stats.string("degraded_reason").map { " (\($0))" } ?? ""
            findings.append(
                Finding(
                    .wrong, "disk",
                    "the database takes no writes\(reason): what is stored now lives only in memory",
                    advice: "see memod's log; make room on the disk, or check its mount and owner"))
        } else {
            findings.append(Finding(.good, "disk", "the database takes writes"))
        }
        let cold = stats.object("cold")
        if let free = cold?.int("free_bytes") { findings.append(room(free)) }
        if let damaged = cold?.int("damaged_rows"), damaged > 0 {
            findings.append(
                Finding(
                    .warning, "database", "\(damaged) damaged rows were found and removed",
                    advice: "check the disk; what was lost will be computed again"))
        }
        if let check = cold?.object("check") { findings.append(self.check(check)) }
        if let refused = stats.int("connections_refused"), refused > 0 {
            findings.append(
                Finding(
                    .warning, "connections", "\(refused) were refused since the start",
                    advice: "set a larger --max-connections"))
        }
        let evictions = stats.int("evictions") ?? 0
        let misses = stats.int("misses") ?? 0
        if let cold = stats.object("cold"), let bytes = cold.int("bytes"),
            let limit = cold.int("limit_bytes"),
            limit > 0, bytes > limit / 10 * 9, evictions > misses / 2
        {
            findings.append(
                Finding(
                    .warning, "cold tier", "full, and \(evictions) entries had to go",
                    advice: "set a larger --cold-bytes, or a ttl or maxsize for what is not needed"))
        }
        return findings
    }

    /// Whether clients read hits without asking the daemon.
    private func region(_ stats: Reply) -> [Finding] {
        guard let region = stats.object("region") else { return [] }
        guard region.bool("enabled") == true else {
            let reason = region.string("reason").map { ": \($0)" } ?? ""
            return [
                Finding(
                    .note, "region", "clients ask the daemon for every hit\(reason)",
                    advice: "set --shared-bytes, or see docs/region.md for what the system has to allow")
            ]
        }
        let clients = region.int("clients") ?? 0
        let entries = region.int("entries") ?? 0
        return [
            Finding(
                .good, "region", "hits are published in shared memory: \(entries) entries, \(clients) clients"
            )
        ]
    }

    /// Whether results are shared with other machines.
    private func remote(_ stats: Reply) -> [Finding] {
        guard let remote = stats.object("remote"), let state = remote.string("state"), state != "off" else {
            return []
        }
        let reason = remote.string("reason").map { ": \($0)" } ?? ""
        let pending = remote.int("pending_clears") ?? 0
        let waiting =
            pending > 0
            ? "; \(HumanFormat.count(pending, "clear", "clears")) not known to the others yet" : ""
        let mode = remote.string("mode") ?? "?"
        if state == "up" {
            return [
                Finding(
                    .good, "remote", "results are shared with other machines (\(mode))\(reason)\(waiting)")
            ]
        }
        return [
            Finding(
                .warning, "remote", "other machines cannot be reached (\(state))\(reason)\(waiting)",
                advice:
                    "results stay on this machine meanwhile; look at the server, and at docs/across-machines.md"
            )
        ]
    }

    private func room(_ free: Int64) -> Finding {
        let text = "\(HumanFormat.bytes(free)) free where the database is"
        return free < Self.scarceBytes
            ? Finding(.warning, "disk", text, advice: "make room, or set a smaller --cold-bytes")
            : Finding(.good, "disk", text)
    }

    /// The check that reads the whole database after each start of the daemon.
    private func check(_ check: Reply) -> Finding {
        let rows = check.int("rows") ?? 0
        let damaged = check.int("damaged_rows") ?? 0
        let ended = check.int("ago_ms").map { "\(HumanFormat.duration(milliseconds: $0)) ago" } ?? "just now"
        let figures = "\(rows) rows read, \(damaged) of them damaged"
        switch check.string("state") {
        case "running": return Finding(.good, "database", "being checked since the start: so far \(figures)")
        case "unreadable":
            return Finding(
                .warning, "database", "its check ended \(ended): the disk could not be read; \(figures)",
                advice: "see memod's log and the kernel's; restart memod to check it again")
        case "damaged":
            return Finding(
                .warning, "database", "it was damaged and moved aside \(ended); an empty one took its place",
                advice: "check the disk; delete the file that memod's log names once you need it no more")
        default: return Finding(.good, "database", "its check ended \(ended): \(figures)")
        }
    }

    /// At its start the daemon says it only in its log, and everything since then looks sound.
    private func movedAside(_ stats: Reply) -> [Finding] {
        guard let database = stats.object("settings")?.object("database")?.string("value") else { return [] }
        let found = MovedAside.find(beside: database)
        return found.enumerated().map { number, aside in
            Finding(
                .warning, "database",
                (found.count == 1 ? "a damaged one" : "\(number + 1) of \(found.count) damaged ones")
                    + " was moved aside at \(aside.time), and the cache began empty: "
                    + "\(aside.path) (\(HumanFormat.bytes(aside.bytes)))",
                advice: "check the disk; nothing needs the file any more, and it may be deleted")
        }
    }

    /// What the daemon says of its configuration: `settings`, a member a setting with `value` and `source`.
    private func settings(_ stats: Reply) -> [Finding] {
        guard let settings = stats.object("settings") else {
            return [Finding(.note, "setting", "only administrators are shown what the daemon is set to")]
        }
        return settings.names.compactMap { name in
            guard let setting = settings.object(name) else { return nil }
            let value = setting.string("value") ?? setting["value"]?.description ?? "?"
            let line = setting.int("line").map { ", line \($0)" } ?? ""
            return Finding(
                .note, "setting",
                "\(name) = \(value.isEmpty ? "none" : value) (\(setting.string("source") ?? "?")\(line))")
        }
    }

    /// The way to the disk and back.
    private func commit() -> Finding {
        let start = ContinuousClock.now
        client.timeout = commitTimeout
        do throws(MemoError) {
            try client.perform(.sync())
            let time = HumanFormat.duration(ContinuousClock.now - start)
            return Finding(.good, "commit", "all that was stored is on disk (asked in \(time))")
        } catch {
            return Finding(.wrong, "commit", error.message, advice: "see memod's log")
        }
    }

    private static func advice(for error: MemoError) -> String {
        switch error.code {
        case .unreachable where error.isRefused: Advice.access
        case .unreachable: "start one with: memoctl start, or with: systemctl --user start memod.socket"
        case .untrustedPeer: "someone else's process listens there; use another directory, or $MEMOD_SOCKET"
        case .timedOut: "memod hangs or is very busy; see its log"
        case .forbidden: Advice.access
        default: "see memod's log"
        }
    }
}
