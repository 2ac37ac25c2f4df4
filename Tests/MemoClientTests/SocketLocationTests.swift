import Foundation
import Testing

@testable import MemoClient

@Suite struct SocketLocationTests {
    private func paths(_ environment: [String: String]) -> [String] {
        SocketLocation.candidates(environment: { environment[$0] }, uid: 1234).map(\.path)
    }

    @Test func theOrder() {
        #expect(paths(["MEMOD_SOCKET": "/x/s", "XDG_RUNTIME_DIR": "/run/user/1234"]) == ["/x/s"])
        #expect(
            paths(["MEMOD_SOCKET": "", "XDG_RUNTIME_DIR": "/run/user/1234"]) == [
                "/run/user/1234/memod/memod.sock", "/run/memod/memod.sock", "/tmp/memod-1234/memod.sock",
            ])
        #expect(
            paths(["XDG_RUNTIME_DIR": "relative"]) == ["/run/memod/memod.sock", "/tmp/memod-1234/memod.sock"])
    }

    @Test func theDirectoryMustBePrivate() throws {
        let base = FileManager.default.temporaryDirectory.path + "/memod-location-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: base) }
        let location = SocketLocation(
            path: base + "/memod.sock", requirement: .privateDirectory, origin: "test")
        #expect(location.refusal(uid: getuid()) != nil)
        try FileManager.default.createDirectory(atPath: base, withIntermediateDirectories: false)
        chmod(base, 0o755)
        #expect(location.refusal(uid: getuid())?.contains("open to other users") ?? false)
        chmod(base, 0o700)
        #expect(location.refusal(uid: getuid()) == nil)
        #expect(location.refusal(uid: getuid() + 1)?.contains("another user") ?? false)
        let link = base + "-link"
        defer { unlink(link) }
        symlink(base, link)
        let linked = SocketLocation(
            path: link + "/memod.sock", requirement: .privateDirectory, origin: "test")
        #expect(linked.refusal(uid: getuid())?.contains("not a directory") ?? false)
    }

    @Test func pathsThatNoSocketCanHave() {
        let long = SocketLocation(path: "/" + String(repeating: "x", count: 107), origin: "test")
        #expect(long.refusal(uid: 0) != nil)
        #expect(SocketLocation(path: "/a\0b", origin: "test").refusal(uid: 0) != nil)
    }

    @Test func aMissingDaemonIsUnreachableAndSaysWhere() {
        let client = BlockingClient(path: "/nonexistent/memod.sock")
        #expect {
            try client.perform(.ping())
        } throws: { error in
            guard let error = error as? MemoError else { return false }
            return error.code == .unreachable && error.message.contains("/nonexistent/memod.sock")
                && error.cause as? SystemCallError == SystemCallError("connect", number: ENOENT)
        }
    }
}
