import Foundation
import Testing

/// Several users of one machine, with real user ids.
@Suite(.enabled(if: Command.canChangeUser && Command.systemPython != nil)) struct UserTests {
    private static let (alice, bob) = (54321, 54322)

    /// Sends lines as another user.
    /// - Returns: the reply to each; fewer if the connection was closed.
    private func ask(
        _ home: Home, as user: Int, group: Int? = nil, supplementary: Int? = nil, _ lines: String...
    ) throws -> [Reply] {
        let script = """
            import socket, sys
            s = socket.socket(socket.AF_UNIX); s.settimeout(20)
            s.connect(sys.argv[1])
            try:
                s.sendall(('\\n'.join(sys.argv[2:]) + '\\n').encode()); s.shutdown(socket.SHUT_WR)
            except OSError: pass
            while True:
                try: b = s.recv(65536)
                except ConnectionResetError: break
                if not b: break
                sys.stdout.buffer.write(b)
            """
        let groups = supplementary.map { "--groups=\($0)" } ?? "--clear-groups"
        let credentials = ["--reuid=\(user)", "--regid=\(group ?? user)", groups]
        let output = try Command.output(
            arguments: ["setpriv"] + credentials + [Command.systemPython!, "-c", script, home.socket] + lines)
        return try output.split(separator: "\n").map { try Reply(String($0)) }
    }

    /// A home that others may enter.
    private func openHome() throws -> Home {
        let home = try Home()
        chmod(home.path, 0o711)
        return home
    }

    private static let everyone = ["--allow-user", "54321", "--allow-user", "54322", "--socket-mode", "0666"]

    @Test func aUserWhoMayNotConnectIsTurnedAway() throws {
        let home = try openHome()
        let daemon = try Daemon(home, ["--allow-user", "54321", "--socket-mode", "0666"])
        #expect(try ask(home, as: Self.alice, #"{"op":"ping"}"#).map(\.isOK) == [true])
        let refused = try ask(home, as: Self.bob, #"{"op":"ping"}"#)
        #expect(refused.count == 1)
        #expect(refused.first?.code == "forbidden")
        #expect(daemon.process.logs("refused a user", within: 5))
        #expect(try daemon.connect().call(#"{"op":"ping"}"#).isOK)
    }

    /// As `docker --group-add` and `SupplementaryGroups=` give them, which no group database knows of.
    @Test func theGroupsOfTheProcessCount() throws {
        let home = try openHome()
        let daemon = try Daemon(
            home, ["--allow-group", "54330", "--admin-group", "54331", "--socket-mode", "0666"])
        let backup = #"{"op":"backup","path":"/etc/passwd"}"#
        #expect(try ask(home, as: Self.alice, supplementary: 54330, backup).map(\.code) == ["forbidden"])
        #expect(try ask(home, as: Self.alice, supplementary: 54331, backup).map(\.code) != ["forbidden"])
        let refused = try ask(home, as: Self.alice, supplementary: 54332, #"{"op":"ping"}"#)
        #expect(refused.map(\.code) == ["forbidden"])
        #expect(daemon.process.logs("refused a user", within: 5))
    }

    @Test func withIsolationEachUserHasTheirOwn() throws {
        let home = try openHome()
        let daemon = try Daemon(home, ["--isolation", "user", "--shared", "common.*"] + Self.everyone)
        let put = #"{"op":"put","fn":"f","key":1,"value":"alice's","tags":["t"]}"#
        #expect(
            try ask(home, as: Self.alice, put, #"{"op":"put","fn":"common.g","key":1,"value":"for all"}"#)
                .allSatisfy(\.isOK))
        let get = #"{"op":"get","fn":"f","key":1}"#
        var replies = try ask(
            home, as: Self.bob, get, #"{"op":"get","fn":"common.g","key":1,"meta":true}"#,
            #"{"op":"functions"}"#, #"{"op":"keys","fn":"f"}"#,
            #"{"op":"why","fn":"f","key":1}"#, #"{"op":"clear","tag":"t"}"#, #"{"op":"clear","fn":"f"}"#,
            #"{"op":"stats"}"#,
            #"{"op":"put","fn":"f","key":1,"value":"bob's"}"#, get, #"{"op":"delete","fn":"f","key":1}"#, get)
        try #require(replies.count == 12)
        #expect(!replies[0].isHit)
        #expect(replies[1].value == "\"for all\"")
        #expect(replies[1].int("uid") == Self.alice)
        #expect(!replies[2].text.contains("alice"))
        #expect(replies[3].list("keys").isEmpty)
        #expect(replies[4].string("state") == "unknown")
        #expect(replies[5].int("cleared") == 0)
        #expect(replies[6].int("cleared") == 0)
        #expect(replies[7].int("currsize") == 0)
        #expect(replies[9].value == "\"bob's\"")
        #expect(replies[10].int("deleted") == 1)
        #expect(!replies[11].isHit)
        #expect(try ask(home, as: Self.alice, get).first?.value == "\"alice's\"")

        // `all` is one's own for everyone but administrators.
        replies = try ask(
            home, as: Self.bob, put, #"{"op":"clear","all":true}"#,
            #"{"op":"backup","path":"/tmp/memod-test-stolen.db"}"#)
        #expect(replies[1].int("cleared") == 1)
        #expect(replies[2].code == "forbidden")
        #expect(!FileManager.default.fileExists(atPath: "/tmp/memod-test-stolen.db"))
        #expect(try ask(home, as: Self.alice, get).first?.value == "\"alice's\"")
        let root = try daemon.connect()
        #expect(try root.stats().int("currsize") == 2)
        #expect(try root.call(#"{"op":"clear","all":true}"#).int("cleared") == 2)
        #expect(try ask(home, as: Self.alice, get).first?.isHit == false)
    }

    @Test func withIsolationALeaseIsOneUsersAlone() throws {
        let home = try openHome()
        let daemon = try Daemon(home, ["--isolation", "user", "--shared", "common"] + Self.everyone)
        let root = try daemon.connect()
        let token = try #require(root.get("common", "1", "\"lease_ms\":60000").string("lease"))
        let replies = try ask(
            home, as: Self.bob,
            "{\"op\":\"put\",\"fn\":\"common\",\"key\":1,\"value\":0,\"lease\":\"\(token)\"}",
            #"{"op":"get","fn":"own","key":1,"lease_ms":60000}"#)
        #expect(replies.first?.string("reason") == "lease_lost")
        #expect(replies.last?.has("lease") == true)
        #expect(try root.put("common", "1", "1", "\"lease\":\"\(token)\"").bool("stored") == true)
    }

    @Test func isolationSurvivesARestart() throws {
        let home = try openHome()
        let options = ["--isolation", "user"] + Self.everyone
        var daemon = try Daemon(home, options)
        for user in [Self.alice, Self.bob] {
            #expect(
                try ask(home, as: user, "{\"op\":\"put\",\"fn\":\"f\",\"key\":1,\"value\":\(user)}").first?
                    .isOK == true)
        }
        try daemon.stop()
        daemon = try Daemon(home, options)
        for user in [Self.alice, Self.bob] {
            #expect(try ask(home, as: user, #"{"op":"get","fn":"f","key":1}"#).first?.value == "\(user)")
        }
    }

    @Test func oneUserCannotTakeAllConnections() throws {
        let home = try openHome()
        let daemon = try Daemon(home, ["--isolation", "user", "--max-connections", "6"] + Self.everyone)
        let script = """
            import socket, sys
            peers = []
            codes = []
            for _ in range(6):
                s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1])
                try: s.sendall(b'{"op":"ping"}\\n')
                except OSError: pass
                codes.append('ok' if b'"ok":true' in s.recv(4096) else 'refused')
                peers.append(s)
            print(' '.join(codes))
            """
        let codes = try Command.output(
            arguments: [
                "setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", Command.systemPython!, "-c",
                script, home.socket,
            ])
        #expect(codes == "ok ok ok refused refused refused\n")
        #expect(try daemon.connect().call(#"{"op":"ping"}"#).isOK)
    }
}
