import Foundation

/// The test's side of the shim in FaultShim: what it sets here the daemon feels at once.
final class FaultControl {
    /// The order is that of the shim's words.
    enum Word: Int, CaseIterable {
        /// Added to the wall clock and to the clock since boot, in milliseconds.
        case wallMs, bootMs
        /// With which `errno` writes to and syncs of the database's files fail; 0: they do not.
        case writeError, syncError
        /// Whether everything on the database's files waits until this is 0 again: 1 what concerns their contents,
        /// 2 their metadata too.
        case hangs
        case readError
        /// Counted by the shim.
        case allocations, failedCalls
        case openError
        /// Which files: 1 the database, 2 its log, 4 others beside it; 0: all.
        case mask
        /// How many of the calls fail, 0: all; this many pass first; this many fail, 0: all that follow.
        case perMillion, skip, times
        /// What a failed sync leaves unwritten is forgotten: 1 all of it, 2 some. The daemon has to be started with
        /// `dropping`.
        case drops
        /// This many reads in a million have one wrong bit.
        case flips
        /// The number of the change at which it is killed: before it (0), in its middle (1), after it (2).
        case killAt, killHow
        /// Counted by the shim: changes, and bytes that its record has.
        case changes, recorded
        case seed
    }

    private let home: Home
    private let words: UnsafeMutablePointer<Int64>
    /// The name of this run of the machine, if another than the real one.
    var boot: String?
    /// Whether the shim remembers what is not synced, so that it can be dropped.
    var dropping = false

    static var isAvailable: Bool { library != nil }

    /// - Throws: if there is no C compiler.
    init(_ home: Home) throws {
        self.home = home
        guard Self.library != nil else { throw HarnessError("there is no C compiler for the shim") }
        let size = Word.allCases.count * 8
        let descriptor = open(home.path + "/faults", O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0, ftruncate(descriptor, off_t(size)) == 0 else {
            throw HarnessError.system("faults")
        }
        defer { close(descriptor) }
        let address = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let address, address != MAP_FAILED else { throw HarnessError.system("mmap") }
        words = address.bindMemory(to: Int64.self, capacity: Word.allCases.count)
    }

    deinit { munmap(words, Word.allCases.count * 8) }

    subscript(word: Word) -> Int64 {
        get { words[word.rawValue] }
        set { words[word.rawValue] = newValue }
    }

    var environment: [String: String] {
        var variables = ["LD_PRELOAD": Self.library ?? "", "MEMOD_FAULTS": home.path + "/faults"]
        if dropping { variables["FAULT_DROPS"] = "1" }
        if let boot {
            let path = home.path + "/boot_id"
            try? Data((boot + "\n").utf8).write(to: URL(fileURLWithPath: path))
            variables["MEMOD_FAULT_BOOT"] = path
        }
        return variables
    }

    /// Compiled once, into a directory that goes with the process.
    private static let library: String? = {
        let shim = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "FaultShim")
        let sources = ["faults.c", "recorder.c"].map { shim.appending(path: $0).path }
        guard let home = try? Home() else { return nil }
        directory = home
        atexit { FaultControl.directory = nil }
        for compiler in ["cc", "clang", "gcc"] {
            let path = home.path + "/faults.so"
            let process = try? ChildProcess([compiler, "-shared", "-fPIC", "-O2", "-o", path] + sources)
            if case .exited(0)? = try? process?.wait(within: 60) { return path }
        }
        return nil
    }()
    nonisolated(unsafe) private static var directory: Home?
}
