import Foundation

/// A temporary directory in which a daemon has its socket and its database; removed with everything in it.
final class Home: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/memod-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw HarnessError.system("mkdtemp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var socket: String { path + "/memod.sock" }
    var database: String { path + "/memod.db" }
    var log: String { database + "-wal" }

    /// Names of the files that were moved aside as damaged, their logs left out.
    var quarantined: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.contains(".corrupt-") && !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") }
    }

    func contents(of path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    func write(_ data: Data, to path: String) throws { try data.write(to: URL(fileURLWithPath: path)) }
}
