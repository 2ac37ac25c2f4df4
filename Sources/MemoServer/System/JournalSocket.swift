internal import Glibc
internal import Platform

/// Sends entries with fields to the journal, in its native protocol: one datagram an entry, a field a line
/// (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/).
struct JournalSocket: Sendable {
    private let descriptor: Int32
    static let path = "/run/systemd/journal/socket"
    /// Field names longer than this are not taken by the journal.
    private static let nameBytesMax = 64

    /// - Returns: `nil` if the journal cannot be reached.
    init?(path: String = JournalSocket.path) {
        guard let address = try? UnixSocketAddress(path: path) else { return nil }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        guard address.withSockaddr({ connect(descriptor, $0, $1) }) == 0 else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
    }

    /// - Parameter fields: names and values; `fieldName` makes names that the journal takes.
    /// - Returns: false if the entry was not taken, which never waits.
    func send(_ fields: [(name: String, value: String)]) -> Bool {
        let entry = Self.entry(fields)
        return Glibc.send(descriptor, entry, entry.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL)) == entry.count
    }

    /// `NAME=value`, or for a value of several lines its length before it, as 8 bytes, the lowest first.
    static func entry(_ fields: [(name: String, value: String)]) -> [UInt8] {
        var entry: [UInt8] = []
        for (name, value) in fields {
            entry += name.utf8
            if value.utf8.contains(0x0A) {
                entry.append(0x0A)
                withUnsafeBytes(of: UInt64(value.utf8.count).littleEndian) { entry += $0 }
            } else {
                entry.append(UInt8(ascii: "="))
            }
            entry += value.utf8
            entry.append(0x0A)
        }
        return entry
    }

    /// `MEMOD_MAX_CONNECTIONS` for `max-connections`: upper-case letters, digits and underscores.
    static func fieldName(_ name: String) -> String {
        let letters = name.uppercased().unicodeScalars.map { scalar -> Character in
            let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            return isPlain ? Character(scalar) : "_"
        }
        return String(("MEMOD_" + String(letters)).prefix(nameBytesMax))
    }
}
