internal import Glibc
internal import MemoClient
internal import Platform

/// What a run is known by: the command, where it runs, and what the user said that it depends on.
struct RunKey {
    /// Listed in `memoctl stats` as a function of its own, by the command's name.
    let function: String
    let json: JSONText

    /// - Parameters:
    ///   - executable: what will be run; `nil`: there is none.
    ///   - input: what standard input holds, where it counts.
    /// - Throws: `UsageError` if a file is missing, `OutputError` if one cannot be read, `NoDirectory` where
    ///   the command would run nowhere.
    init(_ settings: RunSettings, executable: [UInt8]? = nil, input: [UInt8]?) throws {
        let name = settings.command[0].split(separator: UInt8(ascii: "/")).last ?? []
        // A function's name has at most 512 bytes.
        function = "run:" + String(decoding: name.prefix(400), as: UTF8.self)
        var members: [(String, JSONText)] = [("argv", Self.list(settings.command.map(Self.text)))]
        if let executable {
            members.append(("executable", Self.list([Self.text(executable), Self.identity(of: executable)])))
        }
        if !settings.anyDirectory { members.append(("cwd", Self.text(try Self.workingDirectory()))) }
        if !settings.environment.isEmpty {
            members.append(("env", Self.object(settings.environment.map { ($0, Self.variable($0)) })))
        }
        if !settings.files.isEmpty {
            let files = try settings.files.map { try Self.file($0, isOptional: settings.filesAreOptional) }
            members.append(("files", Self.list(files)))
        }
        if settings.takesArgumentFiles {
            let files = try settings.command.dropFirst().filter(ExecutableFile.isRegular).map {
                Self.list([Self.text($0), JSONText(string: try FileDigest.sha256(ofFile: $0))])
            }
            members.append(("argument_files", Self.list(files)))
        }
        if let input { members.append(("stdin", JSONText(string: SHA256.digest(of: input)))) }
        if let key = settings.key { members.append(("key", JSONText(string: key))) }
        json = Self.object(members)
    }

    private static func file(_ path: String, isOptional: Bool) throws -> JSONText {
        try refuseWhatIsReadOnce(path)
        let digest: JSONText
        do {
            digest = JSONText(string: try FileDigest.sha256(ofFile: Array(path.utf8)))
        } catch is FileDigest.NoFile {
            guard isOptional else {
                throw UsageError(
                    "--file \(TextEscaping.printable(path)): there is no such file; with --file-optional, that it "
                        + "is not there is something to depend on too")
            }
            digest = null
        }
        return list([JSONText(string: path), digest])
    }

    /// By its content; where that may not be read, by what changes with it.
    private static func identity(of executable: [UInt8]) -> JSONText {
        if let digest = try? FileDigest.remembered(executable) { return JSONText(string: digest) }
        return FileStamp(executable).map { JSONText(string: $0.text) } ?? null
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
