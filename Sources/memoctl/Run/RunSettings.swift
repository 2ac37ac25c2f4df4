internal import MemoClient

/// What `memoctl run` was asked to do.
struct RunSettings: Equatable {
    var socket: String?
    /// How long the daemon may take to answer before the command simply runs.
    var timeout: Duration = .seconds(5)
    var anyDirectory = false
    var environment: [String] = []
    var files: [String] = []
    /// Whether such a file may be missing.
    var filesAreOptional = false
    /// Whether arguments that are files count by their content too.
    var takesArgumentFiles = false
    var readsInput = false
    var key: String?
    var ttl: Lifetime?
    var stale: Duration?
    var tags: [String] = []
    var keepsFailures = false
    var refresh = false
    var explain = false
    /// Which hits are run again and compared; `nil`: what the environment says.
    var verify: Verification?
    /// The lease that a background refresh was handed by the run that answered with the stale result, behind its
    /// connection's descriptor.
    var lease: String?
    /// The command's words as the kernel has them: bytes, which need not be UTF-8.
    var command: [[UInt8]] = []

    static func isVariableName(_ name: String) -> Bool { !name.isEmpty && !name.contains("=") }
}
