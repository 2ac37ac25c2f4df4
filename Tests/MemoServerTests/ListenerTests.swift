import Foundation
import Testing

@testable import MemoServer

struct ListenerTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.path + "/memod.sock" }

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func listen(
        _ path: String? = nil, mode: UInt32 = 0o600, isDefault: Bool = false, isPrivate: Bool = false
    ) throws -> Listener {
        try Listener.listen(
            path: path ?? self.path, mode: mode, group: nil, isDefaultDirectory: isDefault,
            mustBePrivate: isPrivate)
    }

    private func message(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return "\(error)"
        }
    }

    private func mode(_ path: String) -> UInt32? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o777 : nil
    }

    @Test(arguments: [0o600, 0o660, 0o666] as [UInt32])
    func theSocketHasTheModeAndTakesConnections(_ mode: UInt32) throws {
        let listener = try listen(mode: mode)
        #expect(self.mode(path) == mode)
        #expect(self.mode(path + ".lock") == 0o600)
        #expect(TestClient(path: path) != nil)
        listener.remove()
        #expect(self.mode(path) == nil)
    }

    @Test func descriptorsAreNotTakenWhereTheKernelCanRefuseThem() throws {
        let listener = try listen()
        var takesRights: Int32 = 1
        var size = socklen_t(MemoryLayout<Int32>.size)
        // SO_PASSRIGHTS, which kernels before 6.16 do not know.
        let isKnown = getsockopt(listener.descriptor, SOL_SOCKET, 83, &takesRights, &size) == 0
        #expect(!isKnown || takesRights == 0)
        let client = try #require(TestClient(path: path))
        #expect(client.send("x", withDescriptor: STDERR_FILENO) == !isKnown)
    }

    @Test func aStaleSocketIsReplaced() throws {
        do {
            let dead = try listen()
            _ = dead.descriptor
        }
        #expect(mode(path) != nil)
        #expect(TestClient(path: path) == nil)
        let listener = try listen()
        #expect(TestClient(path: path) != nil)
        listener.remove()
    }

    @Test func aLiveSocketIsRespected() throws {
        let listener = try listen()
        let locked = message { _ = try listen() }
        #expect(locked?.contains("process \(getpid())") == true)
        unlink(path + ".lock")
        let live = message { _ = try listen() }
        #expect(live?.contains("in use by process \(getpid())") == true)
        #expect(TestClient(path: path) != nil)
        listener.remove()
    }

    @Test func theLockComesBeforeTheProbe() throws {
        // Someone holds the lock and does not listen yet: the path is not touched.
        let lock = try SocketLock(path: path + ".lock")
        #expect(message { _ = try listen() }?.contains("holds") == true)
        #expect(mode(path) == nil)
        _ = consume lock
        _ = try listen()
    }

    @Test func whatIsNoSocketIsLeftAlone() throws {
        _ = FileManager.default.createFile(atPath: path, contents: Data("precious".utf8))
        #expect(message { _ = try listen() }?.contains("not a socket") == true)
        #expect(FileManager.default.contents(atPath: path) == Data("precious".utf8))
    }

    @Test func linksAreNotFollowed() throws {
        let target = directory.path + "/target"
        _ = FileManager.default.createFile(atPath: target, contents: Data())
        symlink(target, path)
        #expect(message { _ = try listen() }?.contains("not a socket") == true)
        unlink(path)
        unlink(path + ".lock")
        symlink(target, path + ".lock")
        #expect(message { _ = try listen() }?.contains("symbolic link") == true)
        unlink(path + ".lock")
        link(target, path + ".lock")
        #expect(message { _ = try listen() }?.contains("not a file of user") == true)
    }

    @Test func aSocketThatIsNoLongerOursIsNotRemoved() throws {
        let listener = try listen()
        unlink(path)
        _ = FileManager.default.createFile(atPath: path, contents: Data())
        listener.remove()
        #expect(mode(path) != nil)
    }

    @Test func longPathsAreRefused() {
        let long = directory.path + "/" + String(repeating: "x", count: 100)
        #expect(message { _ = try listen(long) }?.contains("bytes long, 107 is the most") == true)
    }

    @Test func aDefaultDirectoryIsMadeAndMustBeOurs() throws {
        let inner = directory.path + "/memod"
        do {
            let listener = try listen(inner + "/memod.sock", isDefault: true, isPrivate: true)
            #expect(mode(inner) == 0o700)
            listener.remove()
        }
        chmod(inner, 0o755)
        #expect(
            message { _ = try listen(inner + "/memod.sock", isDefault: true, isPrivate: true) }?
                .contains("must be 0700") == true)
        chmod(inner, 0o700)
        let linked = directory.path + "/link"
        symlink(inner, linked)
        #expect(
            message { _ = try listen(linked + "/memod.sock", isDefault: true, isPrivate: true) }?
                .contains("not a directory") == true)
    }

    @Test func aDirectoryThatAnyoneMayChangeIsRefused() throws {
        let open = directory.path + "/open"
        mkdir(open, 0o777)
        chmod(open, 0o777)
        #expect(message { _ = try listen(open + "/s") }?.contains("not sticky") == true)
        chmod(open, 0o1777)
        try listen(open + "/s").remove()
    }

    @Test func anInheritedSocketIsUsedAndNotRemoved() throws {
        // The test passes it under the number it has, not as descriptor 3.
        let outer = try listen()
        let passed = dup(outer.descriptor)
        let environment = ["LISTEN_FDS": "1", "LISTEN_PID": "\(getpid())"]
        do {
            guard let inherited = try Listener.inherit(environment: environment, first: passed) else {
                Issue.record("the socket that was passed is not used")
                return
            }
            #expect(fcntl(passed, F_GETFD) & FD_CLOEXEC != 0)
            inherited.remove()
        }
        #expect(mode(path) != nil)
        outer.remove()
    }

    @Test func whatIsPassedIsChecked() throws {
        if try Listener.inherit(environment: ["LISTEN_FDS": "1", "LISTEN_PID": "1"]) != nil {
            Issue.record("a socket passed to another process is used")
        }
        let descriptor = open("/dev/null", O_RDONLY)
        let environment = ["LISTEN_FDS": "1", "LISTEN_PID": "\(getpid())"]
        #expect(message { _ = try Listener.inherit(environment: environment, first: descriptor) } != nil)
        close(descriptor)
        let several = ["LISTEN_FDS": "2", "LISTEN_PID": "\(getpid())"]
        #expect(message { _ = try Listener.inherit(environment: several) }?.contains("2 sockets") == true)
    }
}
