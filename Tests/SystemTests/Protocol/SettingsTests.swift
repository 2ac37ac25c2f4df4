import Foundation
import Testing

/// What `stats` says of the daemon's settings and of the state of its database.
@Suite struct SettingsTests {
    private func setting(_ stats: Reply, _ name: String) -> [String] {
        let members = (stats["settings"] as? [String: Any])?[name] as? [String: Any]
        return [members?["value"] as? String ?? "?", members?["source"] as? String ?? "?"]
    }

    @Test func eachSettingSaysWhereItComesFrom() throws {
        let home = try Home()
        let file = home.path + "/memod.conf"
        try home.write(Data("# ours\nhot-bytes = 32MiB\nmax-connections = 77\n".utf8), to: file)
        let daemon = try Daemon(
            home, ["--config", file, "--interning", "off"],
            environment: ["MEMOD_FLUSH_INTERVAL": "2000ms", "MEMOD_INTERNING": "on"])
        let peer = try daemon.connect()
        var stats = try peer.stats()
        #expect(setting(stats, "hot-bytes") == ["32MiB", "file \(file)"])
        #expect(stats.int("settings.hot-bytes.line") == 2)
        #expect(setting(stats, "flush-interval") == ["2s", "environment MEMOD_FLUSH_INTERVAL"])
        #expect(setting(stats, "interning") == ["off", "option --interning"])
        #expect(setting(stats, "cold-bytes") == ["4GiB", "default"])
        #expect(setting(stats, "database") == [home.database, "option --database"])
        #expect(setting(stats, "allow-user") == ["", "default"])

        // A reload changes what it can, and nothing else.
        try home.write(Data("hot-bytes = 16MiB\ndurability = full\n".utf8), to: file)
        daemon.process.signal(SIGHUP)
        try peer.until("the file was read again, and the listener knows") {
            stats = try $0.stats()
            return setting(stats, "hot-bytes") == ["16MiB", "file \(file)"]
                && stats.int("connection_limit") == 10_000
        }
        #expect(stats.int("settings.hot-bytes.line") == 1)
        #expect(setting(stats, "max-connections") == ["10000", "default"])
        #expect(setting(stats, "durability") == ["normal", "default"])
    }

    @Test func theDatabaseIsCheckedAfterAStart() throws {
        let home = try Home()
        let first = try Daemon(home)
        for key in 0..<10 { #expect(try first.connect().put("f", "\(key)", "1").isOK) }
        try first.stop()
        let daemon = try Daemon(home)
        let peer = try daemon.connect()
        try peer.until("the check is over") { try $0.stats().string("cold.check.state") == "done" }
        let stats = try peer.stats()
        #expect(stats.int("cold.check.rows") == 10)
        #expect(stats.int("cold.check.damaged_rows") == 0)
        #expect(stats.int("cold.check.ago_ms") != nil)
        try peer.until("the room on the disk is known") { try $0.stats().int("cold.free_bytes") ?? 0 > 0 }
        #expect(try daemon.stop() == .exited(0))
    }

    @Test(.enabled(if: Household.isPossible), arguments: ["none", "user"])
    func onlyAdministratorsSeeThem(isolation: String) throws {
        let household = try Household(isolation: isolation)
        #expect(try !household.alice.connect().stats().has("settings"))
        let stats = try household.carol.connect().stats()
        #expect(setting(stats, "admin-group") == ["\(Household.administrators)", "option --admin-group"])
        #expect(setting(stats, "isolation").first == isolation)
    }
}
