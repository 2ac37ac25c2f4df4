import Foundation

/// Moves the time of a daemon forward, through the file that `MEMOD_TEST_CLOCK` names.
final class TestClock {
    private let path: String
    private let handle: FileHandle

    init(_ home: Home) throws {
        path = home.path + "/clock"
        try home.write(Data(count: 8), to: path)
        handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    }

    var environment: [String: String] { ["MEMOD_TEST_CLOCK": path] }

    /// How far it is ahead of the machine's, in milliseconds.
    private(set) var aheadMs: Int64 = 0

    func advance(_ milliseconds: Int64) throws {
        aheadMs += milliseconds
        try handle.seek(toOffset: 0)
        try handle.write(contentsOf: withUnsafeBytes(of: aheadMs.littleEndian) { Data($0) })
    }
}
