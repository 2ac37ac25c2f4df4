import Foundation

/// The real `memoctl`: `MEMOCTL_BIN`, or the binary that was built beside the daemon.
enum Memoctl {
    static let binary: String? = {
        if let path = ProcessInfo.processInfo.environment["MEMOCTL_BIN"], !path.isEmpty { return path }
        let directory = URL(fileURLWithPath: Daemon.binary).deletingLastPathComponent()
        let path = directory.appending(path: "memoctl").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()
}
