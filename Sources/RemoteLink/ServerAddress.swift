/// Where the server is, as `--remote-url` says it.
package struct ServerAddress: Equatable, Sendable {
    package enum Place: Hashable, Sendable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    package enum Topology: Equatable, Sendable {
        case standalone
        case cluster
        /// The name of the master that the sentinels watch.
        case sentinel(master: String)
    }

    package var topology = Topology.standalone
    /// One, or the first ones to ask.
    package var places: [Place]
    package var usesTLS = false
    package var user: String?
    package var database = 0

    package struct Invalid: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    package static let portStandard = 6379
    package static let sentinelPortStandard = 26379

    /// - Throws: with what is wrong and what would be right, the password left out.
    package init(_ text: String) throws(Invalid) {
        guard let mark = text.utf8.firstRange(of: "://".utf8) else {
            throw Invalid(
                description: "\"\(text)\" is no URL: redis://HOST:PORT, rediss://…, redis+unix:///PATH, "
                    + "redis+cluster://… or redis+sentinel://…/MASTER")
        }
        let scheme = String(text[..<mark.lowerBound]).lowercased()
        var rest = text[mark.upperBound...]
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
            throw Invalid(description: "the URL has a space or a control character in it")
        }
        switch scheme {
        case "redis", "rediss", "redis+unix", "redis+cluster", "rediss+cluster", "redis+sentinel",
            "rediss+sentinel":
            break
        default:
            throw Invalid(
                description:
                    "\"\(scheme)\" is not a scheme of these: redis, rediss, redis+unix, redis+cluster, "
                    + "rediss+cluster, redis+sentinel, rediss+sentinel")
        }
        usesTLS = scheme.hasPrefix("rediss")
        places = []
        let path: Substring
        if let slash = rest.firstIndex(of: "/") {
            path = rest[slash...].dropFirst()
            rest = rest[..<slash]
        } else {
            path = ""
        }
        if let at = rest.lastIndex(of: "@") {
            let credentials = rest[..<at]
            guard !credentials.contains(":") else {
                throw Invalid(
                    description:
                        "a password in the URL is seen by everybody; put it into a file, and name that "
                        + "with --remote-password-file (memod-remote's own: --password-file)")
            }
            guard let name = Self.decoded(credentials), !name.isEmpty else {
                throw Invalid(description: "the user's name before the @ does not parse")
            }
            user = name
            rest = rest[rest.index(after: at)...]
        }
        if scheme == "redis+unix" {
            guard rest.isEmpty, !path.isEmpty, let decoded = Self.decoded(path) else {
                throw Invalid(description: "a Unix socket is written redis+unix:///absolute/path")
            }
            places = [.unix(path: "/" + decoded)]
            return
        }
        let standard = scheme.hasSuffix("sentinel") ? Self.sentinelPortStandard : Self.portStandard
        for part in rest.split(separator: ",", omittingEmptySubsequences: false) {
            places.append(try Self.place(part, standard))
        }
        switch scheme {
        case "redis+cluster", "rediss+cluster":
            guard path.isEmpty else {
                throw Invalid(description: "a cluster has one database: nothing follows its hosts")
            }
            topology = .cluster
        case "redis+sentinel", "rediss+sentinel":
            let parts = path.split(separator: "/")
            guard (1...2).contains(parts.count), let master = Self.decoded(parts[0]) else {
                throw Invalid(
                    description:
                        "the name of the master follows the sentinels: redis+sentinel://HOST:PORT/MASTER")
            }
            topology = .sentinel(master: master)
            if parts.count == 2 { database = try Self.database(parts[1]) }
        default:
            guard places.count == 1 else {
                throw Invalid(
                    description:
                        "several hosts are a cluster (redis+cluster://) or sentinels (redis+sentinel://)")
            }
            if !path.isEmpty { database = try Self.database(path) }
        }
    }

    private static func database(_ text: Substring) throws(Invalid) -> Int {
        guard let number = Int(text), (0...65_535).contains(number) else {
            throw Invalid(description: "\"\(text)\" is not the number of a database")
        }
        return number
    }

    private static func place(_ text: Substring, _ standard: Int) throws(Invalid) -> Place {
        var host = text
        var port: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else {
                throw Invalid(description: "\"\(text)\" lacks the ] behind its address")
            }
            host = text[text.index(after: text.startIndex)..<end]
            let after = text[text.index(after: end)...]
            guard after.isEmpty || after.hasPrefix(":") else {
                throw Invalid(description: "\"\(text)\": a port follows the ] behind a colon")
            }
            port = after.isEmpty ? nil : after.dropFirst()
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
            guard port?.contains(":") == false else {
                throw Invalid(description: "\"\(text)\": an IPv6 address stands in brackets, [::1]:6379")
            }
        }
        guard !host.isEmpty else { throw Invalid(description: "the URL names no host") }
        guard let port else { return .tcp(host: String(host), port: standard) }
        guard let number = Int(port), (1...65_535).contains(number) else {
            throw Invalid(description: "\"\(port)\" is not a port")
        }
        return .tcp(host: String(host), port: number)
    }

    /// Undoes percent-encoding.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16),
                value != 0
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension ServerAddress.Place: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }
}
