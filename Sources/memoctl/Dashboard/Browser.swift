internal import Glibc
internal import Platform

/// The user's browser.
enum Browser {
    /// Opens a file in it.
    /// - Returns: false if there is no screen, or nothing that opens files.
    static func open(_ path: String) -> Bool {
        let names: [String] = ["DISPLAY", "WAYLAND_DISPLAY"]
        let hasScreen = names.contains { name in getenv(name).map { $0.pointee != 0 } ?? false }
        let nothing = Glibc.open("/dev/null", O_RDWR | O_CLOEXEC)
        guard hasScreen, nothing >= 0 else { return false }
        defer { close(nothing) }
        let words = ["xdg-open", path].map { Array($0.utf8) }
        let launch = ProcessLaunch(descriptors: [nothing, nothing, nothing], isDetached: true)
        return (try? Spawning.spawn(words, launch)) != nil
    }
}
