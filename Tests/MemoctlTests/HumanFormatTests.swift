import Testing

@testable import memoctl

@Suite struct HumanFormatTests {
    @Test(
        arguments: [
            (0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (1_048_575, "1 MiB"),
            (268_435_456, "256 MiB"), (4_294_967_296, "4 GiB"), (Int64.max, "8 EiB"),
        ] as [(Int64, String)])
    func bytes(count: Int64, text: String) {
        #expect(HumanFormat.bytes(count) == text)
    }

    @Test(arguments: [
        (Duration.zero, "0 s"), (.nanoseconds(2100), "2.1 us"), (.microseconds(999), "999 us"),
        (.nanoseconds(999_600), "1 ms"), (.milliseconds(9500), "9.5 s"), (.seconds(59), "59 s"),
        (.seconds(60), "1m"), (.seconds(123), "2m 3s"), (.seconds(3 * 3600 + 240), "3h 4m"),
        (.seconds(12 * 86400 + 3600), "12d 1h"), (.seconds(-5), "-5 s"),
    ])
    func durations(duration: Duration, text: String) {
        #expect(HumanFormat.duration(duration) == text)
    }

    @Test func ratios() {
        #expect(HumanFormat.ratio(950, of: 1000) == "95.0%")
        #expect(HumanFormat.ratio(1, of: 3) == "33.3%")
        #expect(HumanFormat.ratio(0, of: 0) == "-")
        #expect(HumanFormat.ratio(99_999, of: 100_000) == ">99.9%")
        #expect(HumanFormat.ratio(1, of: 100_000) == "<0.1%")
        #expect(HumanFormat.ratio(.max - 1, of: .max) == ">99.9%")
        #expect(HumanFormat.ratio(100_000, of: 100_000) == "100.0%")
        #expect(HumanFormat.ratio(0, of: 100_000) == "0.0%")
    }

    @Test func wordsAreKeptWhole() {
        #expect(WordWrap.lines("a bc def", width: 4) == ["a bc", "def"])
        #expect(WordWrap.lines("abcdef g", width: 3) == ["abcdef", "g"])
        #expect(WordWrap.lines("", width: 3) == [""])
    }

    @Test func columnsOfText() {
        #expect(DisplayWidth.of("abc") == 3)
        #expect(DisplayWidth.of("日本") == 4)
        #expect(DisplayWidth.of("e\u{301}") == 1)
        #expect(DisplayWidth.fit("compute_risk_score", 8) == "compute…")
        #expect(DisplayWidth.fit("short", 8) == "short")
        #expect(DisplayWidth.cut("\u{1B}[1mabc\u{1B}[0m", 3) == "\u{1B}[1mabc\u{1B}[0m")
        #expect(DisplayWidth.cut("\u{1B}[1mabcd\u{1B}[0m", 3) == "\u{1B}[1mabc\u{1B}[0m")
        #expect(DisplayWidth.cut("日本", 3) == "日")
        #expect(DisplayWidth.wrapped("12 hits, 3 misses", 9) == ["12 hits,", "3 misses"])
        #expect(DisplayWidth.wrapped("12 hits, 3 misses", 8) == ["12 hits,", "3 misses"])
        #expect(DisplayWidth.wrapped("abcdefg hi", 3) == ["abc", "def", "g", "hi"])
        #expect(DisplayWidth.wrapped("日本", 1) == ["日", "本"])
        #expect(DisplayWidth.wrapped("", 5) == [""])
    }
}
