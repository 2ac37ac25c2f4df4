internal import Glibc
internal import Platform

/// The program that reaches other machines.
enum HelperProgram {
    static let name = "memod-remote"

    /// Where it is: beside memod, else on `PATH`.
    static var path: String? {
        var candidates: [String] = []
        if let own = ownPath, let slash = own.lastIndex(of: "/") { candidates.append(own[...slash] + name) }
        if let path = getenv("PATH").map({ String(cString: $0) }) {
            candidates += path.split(separator: ":").filter { $0.hasPrefix("/") }.map { "\($0)/\(name)" }
        }
        return candidates.first { access($0, X_OK) == 0 }
    }

    private static var ownPath: String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return nil }
        return buffer.withUnsafeBytes { String(decoding: $0.prefix(count), as: UTF8.self) }
    }

    /// Starts it.
    /// - Parameters:
    ///   - descriptors: what it gets, as descriptors from 0 on.
    /// - Returns: its pid; `nil` if it could not be started.
    static func start(_ path: String, _ arguments: [String], descriptors: [Int32]) -> pid_t? {
        // memod takes its signals in another way than programs expect.
        var none = sigset_t()
        sigemptyset(&none)
        return try? ProcessLaunch(descriptors: descriptors, mask: none)
            .start(Array(path.utf8), ([path] + arguments).map { Array($0.utf8) })
    }
}
