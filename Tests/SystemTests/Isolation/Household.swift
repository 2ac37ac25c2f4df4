import Foundation

/// A daemon that several users share, and their ways to it.
struct Household {
    let home: Home
    let daemon: Daemon
    let alice: UserGate
    let bob: UserGate
    /// In the group of administrators.
    let carol: UserGate

    static let (aliceID, bobID, carolID, administrators) = (54321, 54322, 54323, 54400)
    static let isPossible = Command.canChangeUser && Command.systemPython != nil

    init(isolation: String = "user", _ options: [String] = []) throws {
        home = try Home()
        chmod(home.path, 0o711)
        daemon = try Daemon(
            home,
            [
                "--isolation", isolation, "--shared", "common.*", "--socket-mode", "0666",
                "--allow-user", "\(Self.aliceID)", "--allow-user", "\(Self.bobID)",
                "--admin-group", "\(Self.administrators)",
            ] + options)
        alice = try UserGate(home, user: Self.aliceID)
        bob = try UserGate(home, user: Self.bobID)
        carol = try UserGate(home, user: Self.carolID, group: Self.administrators)
    }
}
