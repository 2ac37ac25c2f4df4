import Testing

@testable import MemoServer

struct SettingValueTests {
    @Test(arguments: [
        ("0", 0), ("1048576", 1 << 20), ("64KiB", 64 << 10), ("256MiB", 256 << 20), ("4GiB", 4 << 30),
        ("1TiB", 1 << 40), ("007", 7), ("9223372036854775807", Int.max),
    ])
    func sizes(_ text: String, _ bytes: Int) {
        #expect(ByteSize(text)?.bytes == bytes)
    }

    @Test(arguments: [
        "", " ", "KiB", "-1", "+1", "1.5GiB", "64 KiB", "64kib", "64K", "64KB", "64KiBs", "0x10", "1e3", "١",
        "9223372036854775808", "9223372036854775807KiB", "1GiB ", "\u{0}1",
    ])
    func noSizes(_ text: String) {
        #expect(ByteSize(text) == nil)
    }

    @Test(arguments: [0, 1, 1023, 1024, 65536, 1 << 20, 3 << 30, 1 << 40, (1 << 40) + 1, Int.max])
    func sizesReadBack(_ bytes: Int) {
        #expect(ByteSize(ByteSize(bytes: bytes).description)?.bytes == bytes)
    }

    @Test(
        arguments: [
            ("0ms", 0), ("50ms", 50), ("2s", 2000), ("10m", 600_000), ("1h", 3_600_000), ("7d", 604_800_000),
        ] as [(String, Int64)])
    func durations(_ text: String, _ milliseconds: Int64) {
        #expect(TimeSpan(text)?.milliseconds == milliseconds)
        #expect(TimeSpan(TimeSpan(milliseconds: milliseconds).description)?.milliseconds == milliseconds)
    }

    @Test(arguments: ["", "5", "s", "ms", "-1s", "1.5s", "1 s", "1S", "1w", "1sec", "99999999999999999d"])
    func noDurations(_ text: String) {
        #expect(TimeSpan(text) == nil)
    }
}
