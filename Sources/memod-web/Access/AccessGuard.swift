/// Who may read: a client that knows the token and asks this server by its own name, so that no other site's page can.
struct AccessGuard: Sendable {
    enum Verdict: Equatable {
        /// - Parameter setsCookie: the token came in the address; from now on the cookie is enough.
        case allowed(setsCookie: Bool)
        case refused(status: Int, String)
    }

    /// What a request says of itself.
    struct Claim {
        var host: String?
        var origin: String?
        var authorization: String?
        var cookies: [String] = []
        var queryToken: String?
    }

    private let names: Set<String>
    private let token: Token?
    /// Cookies do not tell ports apart: each server has one of its own.
    private let cookieName: String

    init(address: ListenAddress, token: Token?) {
        names = address.names
        self.token = token
        cookieName = "memod-web-\(address.port)"
    }

    func judge(_ claim: Claim) -> Verdict {
        guard let host = claim.host?.lowercased(), names.contains(host) else {
            return .refused(
                status: 403,
                "this server is called \(names.sorted().joined(separator: " or ")) and nothing else")
        }
        if let origin = claim.origin, origin.lowercased() != "http://" + host {
            return .refused(status: 403, "pages of other sites may not read this")
        }
        guard let token else { return .allowed(setsCookie: false) }
        if let given = claim.queryToken, token.matches(given) { return .allowed(setsCookie: true) }
        if let given = Self.bearer(claim.authorization), token.matches(given) {
            return .allowed(setsCookie: false)
        }
        for given in claim.cookies.flatMap(values) where token.matches(given) {
            return .allowed(setsCookie: false)
        }
        return .refused(status: 401, "a token is needed: open the address that memod-web printed")
    }

    /// The header that has the browser keep the token.
    var cookie: String? {
        token.map { "\(cookieName)=\($0.text); Path=/; HttpOnly; SameSite=Strict" }
    }

    private static func bearer(_ authorization: String?) -> Substring? {
        guard let authorization else { return nil }
        let parts = authorization.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return parts[1]
    }

    private func values(_ header: String) -> [Substring] {
        header.split(separator: ";").compactMap { part in
            let part = part.drop { $0 == " " }
            return part.hasPrefix(cookieName + "=") ? part.dropFirst(cookieName.count + 1) : nil
        }
    }
}
