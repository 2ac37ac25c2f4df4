internal import Glibc
internal import MemoClient

/// What a run is known by: the command, where it runs, and what the user said that it depends on.
struct RunKey {
    /// Listed in `memoctl stats` as a function of its own, by the command's name.
    let function: String
    let json: JSONText

    /// - Parameter input: what standard input holds, where it counts.
    /// - Throws: `OutputError` where a file cannot be read, `NoDirectory` where the command would run nowhere.
    init(_ settings: RunSettings, input: [UInt8]?) throws {
        let name = settings.command[0].split(separator: UInt8(ascii: "/")).last ?? []
        // A function's name has at most 512 bytes.
        function = "run:" + String(decoding: name.prefix(400), as: UTF8.self)
        var members: [(String, JSONText)] = [("argv", Self.list(settings.command.map(Self.text)))]
        if !settings.anyDirectory { members.append(("cwd", Self.text(try Self.workingDirectory()))) }
        if !settings.environment.isEmpty {
            members.append(("env", Self.object(settings.environment.map { ($0, Self.variable($0)) })))
        }
        if !settings.files.isEmpty {
            members.append(("files", Self.list(try settings.files.map(Self.file))))
        }
        if let input { members.append(("stdin", JSONText(string: SHA256.digest(of: input)))) }
        if let key = settings.key { members.append(("key", JSONText(string: key))) }
        json = Self.object(members)
    }

    private static func file(_ path: String) throws -> JSONText {
        list([JSONText(string: path), try digest(ofFile: path).map { JSONText(string: $0) } ?? null])
    }

    /// - Returns: `nil` where there is no such file, which is something to depend on too.
    private static func digest(ofFile path: String) throws -> String? {
        try refuseWhatIsReadOnce(path)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw OutputError("\(path) cannot be read", number: errno)
        }
        defer { close(descriptor) }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 256 * 1024)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count == 0 { return hash.finish() }
            if count < 0 {
                if errno == EINTR { continue }
                throw OutputError("\(path) cannot be read", number: errno)
            }
            buffer.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    /// What is read from a pipe is gone: the command would find it empty, or waiting for it would never end.
    private static func refuseWhatIsReadOnce(_ path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        switch status.st_mode & S_IFMT {
        case S_IFREG, S_IFDIR: return
        case S_IFCHR where status.st_rdev == nullDevice: return
        default:
            throw OutputError(
                "\(path) is no regular file, and the command would not find what was read of it before: "
                    + "write it into a file for --file, or pass it with --stdin")
        }
    }

    private static let nullDevice: dev_t = 1 << 8 | 3

    struct NoDirectory: Error {}

    private static func workingDirectory() throws -> [UInt8] {
        guard let directory = getcwd(nil, 0) else { throw NoDirectory() }
        defer { free(directory) }
        return Array(
            UnsafeBufferPointer(start: directory, count: strlen(directory)).map { UInt8(bitPattern: $0) })
    }

    private static func variable(_ name: String) -> JSONText {
        guard let value = getenv(name) else { return null }
        return text(UnsafeBufferPointer(start: value, count: strlen(value)).map { UInt8(bitPattern: $0) })
    }

    /// A string where the bytes are UTF-8, else an object, so that no two words look the same.
    private static func text(_ bytes: [UInt8]) -> JSONText {
        if let text = String(validating: bytes, as: UTF8.self) { return JSONText(string: text) }
        return object([("base64", JSONText(string: String(decoding: Base64.encode(bytes), as: UTF8.self)))])
    }

    private static let null = JSONText.null

    private static func list(_ elements: [JSONText]) -> JSONText {
        JSONText(joining: elements)
    }

    private static func object(_ members: [(String, JSONText)]) -> JSONText {
        // A name that is given twice counts once: members may not be repeated.
        var seen: Set<String> = []
        return JSONText(members: members.filter { seen.insert($0.0).inserted })
    }
}
