internal import ArgumentParser
internal import Glibc

/// An address of the loopback interface: `127.0.0.1:7270`, `localhost:0`, `[::1]:7270`.
struct ListenAddress: ExpressibleByArgument, CustomStringConvertible {
    /// As in an address of the web, an IPv6 one without its brackets.
    let host: String
    let port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":") else { return nil }
        var host = String(argument[..<colon])
        let digits = argument[argument.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits),
            port <= 65_535
        else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard Self.isLoopback(host) else { return nil }
        self.init(host: host == "localhost" ? "127.0.0.1" : host, port: port)
    }

    private static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        var address = in_addr()
        return inet_pton(AF_INET, host, &address) == 1 && UInt32(bigEndian: address.s_addr) >> 24 == 127
    }

    var description: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    /// What a browser may say in `Host`.
    var names: Set<String> {
        var hosts = [description]
        if host == "127.0.0.1" || host == "::1" { hosts.append("localhost:\(port)") }
        // The port of the scheme is left out.
        if port == 80 { hosts += hosts.map { String($0.dropLast(3)) } }
        return Set(hosts)
    }
}
