import Foundation
import Synchronization
import Testing

/// What memod and its service manager have to say to each other.
@Suite struct ActivationTests {
    @Test func itSaysWhenItIsReadyReloadsAndStops() throws {
        let manager = try ServiceManager()
        try manager.start()
        #expect(try Peer(manager.home.socket).call(#"{"op":"ping"}"#).isOK)
        manager.process?.signal(SIGHUP)
        let reloading = try manager.notification("RELOADING=1")
        #expect(reloading.contains("MONOTONIC_USEC="))
        _ = try manager.notification("READY=1")
        manager.process?.signal(SIGTERM)
        _ = try manager.notification("STOPPING=1")
        #expect(try manager.stop() == .exited(0))
        // The socket is the manager's.
        #expect(FileManager.default.fileExists(atPath: manager.home.socket))
    }

    @Test func theWatchdogIsFedTwiceInItsTime() throws {
        let manager = try ServiceManager()
        try manager.start(environment: ["WATCHDOG_USEC": "1000000"])
        let began = Moment.now
        for _ in 0..<4 { _ = try manager.notification("WATCHDOG=1", within: 5) }
        #expect(began.age > 1 && began.age < 4)
    }

    @Test func aWatchdogOfAnotherProcessIsNotFed() throws {
        let manager = try ServiceManager()
        try manager.start(environment: ["WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"])
        #expect(throws: HarnessError.self) { try manager.notification("WATCHDOG=1", within: 1) }
    }

    @Test func itReadsTheSettingsOfItsConfigurationDirectory() throws {
        let home = try Home()
        try home.write(Data("hot-bytes = 8MiB\n".utf8), to: home.path + "/memod.conf")
        let environment = ["CONFIGURATION_DIRECTORY": home.path]
        let manager = try ServiceManager(home)
        try manager.start(environment: environment)
        let peer = try Peer(home.socket)
        #expect(try peer.stats().int("hot.limit_bytes") == 8 << 20)
        try home.write(Data("hot-bytes = 16MiB\n".utf8), to: home.path + "/memod.conf")
        manager.process?.signal(SIGHUP)
        try peer.until("the new budget holds") { try $0.stats().int("hot.limit_bytes") == 16 << 20 }
        #expect(try manager.stop() == .exited(0))
        // An option wins over the file.
        try manager.start(["--hot-bytes", "4MiB"], environment: environment)
        #expect(try Peer(home.socket).stats().int("hot.limit_bytes") == 4 << 20)
    }

    /// Clients of the simplest kind: where a connection ended they connect again and repeat what was not answered.
    @Test func clientsSeeNoErrorThroughTenRestarts() throws {
        let manager = try ServiceManager()
        try manager.start()
        let (path, clients) = (manager.home.socket, 50)
        let isOver = Atomic(false)
        let acknowledged = Mutex([Int](repeating: 0, count: clients))
        let crew = try Crew.start(clients) { client in
            var peer = try Peer(path)
            func call(_ request: String) throws -> Reply {
                for _ in 0..<20 {
                    // What a drain leaves unanswered ends with the connection; nothing else may go wrong.
                    do {
                        try peer.send(request)
                        if let line = try peer.line() { return try Reply(line) }
                    } catch let error as HarnessError where error.description.contains("send") {}
                    peer = try Peer(path)
                }
                throw HarnessError("not answered in 20 attempts: \(request)")
            }
            var count = 0
            while !isOver.load(ordering: .relaxed) {
                let key = "[\(client),\(count)]"
                let put = try call(Peer.request("put", "load", "\"key\":\(key),\"value\":\(count)"))
                guard put.bool("stored") == true else { throw HarnessError("put: \(put)") }
                let got = try call(Peer.request("get", "load", "\"key\":\(key)"))
                guard got.value == "\(count)" else { throw HarnessError("get \(key): \(got)") }
                count += 1
                acknowledged.withLock { $0[client] = count }
            }
        }
        for _ in 0..<10 {
            let before = acknowledged.withLock { $0.reduce(0, +) }
            // Each daemon has to serve for a while.
            let deadline = Moment.after(seconds: 30)
            while acknowledged.withLock({ $0.reduce(0, +) }) < before + 200, Moment.now < deadline {
                sched_yield()
            }
            #expect(try manager.stop() == .exited(0))
            try manager.start()
        }
        isOver.store(true, ordering: .relaxed)
        try crew.join()
        let counts = acknowledged.withLock { $0 }
        #expect(counts.allSatisfy { $0 > 0 })
        let peer = try Peer(path)
        var lost = 0
        for (client, count) in counts.enumerated() {
            for number in 0..<count where try peer.get("load", "[\(client),\(number)]").value != "\(number)" {
                lost += 1
            }
        }
        #expect(lost == 0)
    }
}
