internal import Glibc

/// The files that memod-remote is given. memod looks at them when it starts, and memod-remote before it connects.
package struct HelperFiles: Sendable {
    /// Named like the helper's options; memod's settings have `remote-` before that.
    package enum Name: String, CaseIterable, Sendable {
        case key = "key-file"
        case password = "password-file"
        case ca = "ca-file"
        case certificate = "certificate-file"
        case certificateKey = "certificate-key-file"

        var isSecret: Bool { self == .key || self == .password || self == .certificateKey }
        /// The largest such file. Beyond that it is something else.
        var sizeMax: Int { self == .ca ? 4 << 20 : 64 << 10 }
    }

    package struct Invalid: Error, Equatable {
        package let name: Name
        package let reason: String

        package init(_ name: Name, _ reason: String) {
            self.name = name
            self.reason = reason
        }
    }

    private let paths: [Name: String]

    package init(_ paths: [Name: String]) { self.paths = paths }

    package subscript(name: Name) -> String? { paths[name] }

    /// Whether the files go with the server's address and with each other, can be read, and are what they should be.
    package func check(for address: ServerAddress) throws(Invalid) {
        if !address.usesTLS {
            for name in [Name.ca, .certificate, .certificateKey] where paths[name] != nil {
                throw Invalid(name, "the URL is not one with TLS, which begins with rediss")
            }
        }
        guard (paths[.certificate] == nil) == (paths[.certificateKey] == nil) else {
            throw Invalid(
                paths[.certificate] == nil ? .certificate : .certificateKey,
                "certificate and private key are named together")
        }
        if address.user != nil, paths[.password] == nil {
            throw Invalid(.password, "the URL names a user, whose password has to stand in a file")
        }
        _ = try password()
        _ = try secrets()
        for name in [Name.ca, .certificate, .certificateKey] {
            guard let text = try text(name) else { continue }
            if let reason = PEM.fault(
                of: text, label: name == .certificateKey ? "PRIVATE KEY" : "CERTIFICATE")
            {
                throw fault(name, reason)
            }
        }
    }

    /// The password: its file's first line.
    package func password() throws(Invalid) -> [UInt8]? {
        guard let bytes = try read(.password) else { return nil }
        let line = bytes.prefix { $0 != 10 && $0 != 13 }
        guard !line.isEmpty else { throw fault(.password, "its first line is empty") }
        return Array(line)
    }

    /// The keys that entries are sealed with.
    package func secrets() throws(Invalid) -> [[UInt8]]? {
        guard let text = try text(.key) else { return nil }
        do throws(KeyLines.Invalid) {
            return try KeyLines.secrets(text)
        } catch {
            throw fault(.key, error.description)
        }
    }

    private func text(_ name: Name) throws(Invalid) -> String? {
        try read(name).map { String(decoding: $0, as: UTF8.self) }
    }

    private func fault(_ name: Name, _ reason: String) -> Invalid {
        Invalid(name, "\(paths[name] ?? ""): \(reason)")
    }

    private func read(_ name: Name) throws(Invalid) -> [UInt8]? {
        guard let path = paths[name] else { return nil }
        guard !path.isEmpty else { throw Invalid(name, "\"\" is no path") }
        // Without waiting for someone who writes into a pipe.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw systemFault(name) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw systemFault(name) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw fault(name, "it is not a regular file") }
        guard !name.isSecret || status.st_mode & 0o077 == 0 || status.st_mode & 0o077 == 0o040 else {
            throw fault(name, "others may read or change it; `chmod 600` it")
        }
        guard status.st_size > 0 else { throw fault(name, "it is empty") }
        guard status.st_size <= name.sizeMax else {
            throw fault(name, "it is larger than \(name.sizeMax >> 10) KiB: it is something else")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress! + count, $0.count - count)
            }
            guard got >= 0 else { throw systemFault(name) }
            if got == 0 { break }
            count += got
        }
        return Array(bytes.prefix(count))
    }

    private func systemFault(_ name: Name) -> Invalid { fault(name, String(cString: strerror(errno))) }
}
