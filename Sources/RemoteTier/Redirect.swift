package import RemoteLink

/// A server's word that another one has the key's slot.
package enum Redirect: Equatable, Sendable {
    /// For good.
    case moved(slot: Int, ServerAddress.Place)
    /// For this command, while the slot moves.
    case ask(slot: Int, ServerAddress.Place)

    /// - Parameter place: who said so; a redirect that names only a port means the same host.
    /// - Returns: `nil` for other errors.
    package init?(_ error: RespError, from place: ServerAddress.Place) {
        let words = error.message.split(separator: " ")
        guard words.count >= 3, let slot = Int(words[1]), (0..<KeySlot.count).contains(slot),
            let colon = words[2].lastIndex(of: ":"),
            let port = Int(words[2][words[2].index(after: colon)...]),
            let target = ServerAddress.Place(host: String(words[2][..<colon]), port: port, askedAt: place)
        else { return nil }
        switch words[0] {
        case "MOVED": self = .moved(slot: slot, target)
        case "ASK": self = .ask(slot: slot, target)
        default: return nil
        }
    }
}

extension ServerAddress.Place {
    /// An address as servers name each other.
    /// - Parameter place: of the server that named it, whose host it is if none is named.
    package init?(host: String, port: Int, askedAt place: ServerAddress.Place) {
        guard (1...65_535).contains(port) else { return nil }
        if !host.isEmpty, host != "?" {
            self = .tcp(host: host, port: port)
        } else if case .tcp(let own, _) = place {
            self = .tcp(host: own, port: port)
        } else {
            return nil
        }
    }
}
