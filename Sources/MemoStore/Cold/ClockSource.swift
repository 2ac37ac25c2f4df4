internal import Glibc

/// The machine's clocks, or a test's.
struct ClockSource: Sendable {
    /// Milliseconds since the machine was started, sleep included; it never goes back while it runs.
    let boottimeMs: @Sendable () -> Int64
    /// Milliseconds since 1970, as far as the machine knows.
    let wallMs: @Sendable () -> Int64
    /// Identifies this run of the machine; at most `StoreClock.State.bootBytes` bytes of UTF-8.
    let boot: String
    /// Whether a test moves it.
    var isMoved = false

    /// The machine's own. With `MEMOD_TEST_CLOCK=FILE` in the environment, the first 8 bytes of that file, a
    /// little-endian signed number of milliseconds, are added to both clocks whenever they are read.
    static func system() throws(ColdError) -> ClockSource {
        let offset = try TestOffset.fromEnvironment()
        return ClockSource(
            boottimeMs: { read(CLOCK_BOOTTIME) &+ (offset?.value ?? 0) },
            wallMs: { read(CLOCK_REALTIME) &+ (offset?.value ?? 0) },
            boot: bootID(), isMoved: offset != nil)
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1000 &+ Int64(time.tv_nsec) / 1_000_000
    }

    /// If there is no such file, the moment of the start, which does as well: it only has to differ.
    private static func bootID() -> String {
        let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return String((read(CLOCK_REALTIME) - read(CLOCK_BOOTTIME)) / 10_000) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 36)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }
}

/// The file that tests move time with.
private struct TestOffset: @unchecked Sendable {  // Only reads, through an address that is mapped for ever.
    private let address: UnsafeRawPointer

    var value: Int64 { Int64(littleEndian: address.load(as: Int64.self)) }

    static func fromEnvironment() throws(ColdError) -> TestOffset? {
        guard let path = getenv("MEMOD_TEST_CLOCK") else { return nil }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ColdError(errno: errno, doing: "open MEMOD_TEST_CLOCK") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size >= 8 else {
            throw ColdError(.refused, "MEMOD_TEST_CLOCK: the file has fewer than 8 bytes")
        }
        let address = mmap(nil, 8, PROT_READ, MAP_SHARED, descriptor, 0)
        guard let address, address != MAP_FAILED else {
            throw ColdError(errno: errno, doing: "map MEMOD_TEST_CLOCK")
        }
        return TestOffset(address: address)
    }
}
