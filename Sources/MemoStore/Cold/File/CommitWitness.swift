internal import Glibc

/// Keeps beside the database, in `<database>.commit`, which commit was the newest that was acknowledged: a log that was
/// damaged, cut or replaced by an older one makes an older state look sound, and only this tells.
///
/// It is written after each commit and before anyone hears of it, and not synced but at the end: within one boot the
/// kernel keeps it. What a power loss leaves of it is told by the boot's name.
///
/// Layout: two slots of a sector each, written in turns, so that one of them is always whole. Integers are
/// little-endian.
final class CommitWitness {
    struct State: Sendable, Equatable {
        var mark: CommitMark
        /// Commits up to this were synced: no power loss takes them.
        var synced: UInt64
        /// Checksum of the name of the machine's run.
        var boot: UInt64
    }

    private static let magic: UInt64 = 0x746D_6D63_6F6D_656D  // "memocmmt"
    private static let slotBytes = 512
    private static let words = 8
    private static let recordBytes = 64

    private let path: String
    private var descriptor: Int32 = -1
    /// Counts what was written: the newer slot has the larger count.
    private var count: UInt64 = 0
    /// What was written last by this process.
    private(set) var state: State?

    init(path: String) { self.path = path }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// What was left there, if anything that can be read.
    /// - Throws: if the disk does not let it be read: no one knows what it says then.
    func read() throws(ColdError) -> State? {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw ColdError(errno: errno, doing: "open \(path)")
        }
        defer { close(descriptor) }
        var newest: (count: UInt64, state: State)?
        for slot in 0..<2 {
            var words = [UInt64](repeating: 0, count: Self.words)
            let length = words.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress, $0.count, off_t(slot * Self.slotBytes))
            }
            guard length >= 0 else { throw ColdError(errno: errno, doing: "read \(path)") }
            guard length == Self.recordBytes, let found = Self.decode(words) else { continue }
            if found.count >= newest?.count ?? 0 { newest = found }
        }
        count = newest?.count ?? 0
        return newest?.state
    }

    /// Says what the newest commit is.
    func write(_ state: State) throws(ColdError) {
        try openFile()
        count += 1
        let words = Self.encode(state, count)
        let offset = off_t(Int(count & 1) * Self.slotBytes)
        let written = words.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, offset) }
        guard written == Self.recordBytes else {
            let code = written < 0 ? errno : ENOSPC
            count -= 1
            self.state = nil
            throw ColdError(errno: code, doing: "write \(path)")
        }
        self.state = state
    }

    /// Has what was written last survive a power loss.
    func sync() { if descriptor >= 0 { fdatasync(descriptor) } }

    /// Opens the file, and makes it anew if someone removed it.
    private func openFile() throws(ColdError) {
        if descriptor >= 0 {
            var status = stat()
            if fstat(descriptor, &status) == 0, status.st_nlink > 0 { return }
            close(descriptor)
            descriptor = -1
        }
        descriptor = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0o600)
        guard descriptor >= 0 else { throw ColdError(errno: errno, doing: "open \(path)") }
    }

    private static func encode(_ state: State, _ count: UInt64) -> [UInt64] {
        var words = [
            magic, count, state.mark.database, state.mark.number, state.mark.chain, state.synced, state.boot,
        ].map(\.littleEndian)
        words.append(words.withUnsafeBytes { Checksum.of($0, seed: 0) }.littleEndian)
        return words
    }

    private static func decode(_ words: [UInt64]) -> (count: UInt64, state: State)? {
        let checksum = words[..<7].withUnsafeBytes { Checksum.of($0, seed: 0) }
        let words = words.map { UInt64(littleEndian: $0) }
        guard words[0] == magic, words[7] == checksum else { return nil }
        let mark = CommitMark(database: words[2], number: words[3], chain: words[4], previous: 0)
        return (words[1], State(mark: mark, synced: words[5], boot: words[6]))
    }
}

extension CommitWitness.State {
    enum Verdict: Equatable {
        /// It is in the state in which it was left.
        case asLeft
        /// The machine was started anew, and this many of the newest commits were not synced.
        case lostByPower(UInt64)
        /// This says nothing of it, and why.
        case unknown(String)
        /// Something of it is missing or older than it was.
        case damaged(String)
    }

    /// Compares a database's own mark with what was left here.
    func judge(_ found: CommitMark, boot now: UInt64) -> Verdict {
        guard found.database == mark.database else {
            return .unknown("it is another database than the one that was here before")
        }
        if found.isSameCommit(as: mark) || found.follows(mark) { return .asLeft }
        let figures = "its newest commit is number \(found.number)"
        if found.number == mark.number { return .damaged("\(figures), and not the one that was made here") }
        if found.number > mark.number {
            return .unknown("\(figures), and \(mark.number) was noted beside it")
        }
        let isSameBoot = boot == now
        if isSameBoot || found.number < synced {
            let least = isSameBoot ? mark.number : synced
            return .damaged(
                "\(figures), and it had number \(least): it or its log was damaged, or an older one put in its place"
            )
        }
        return .lostByPower(mark.number - found.number)
    }
}
