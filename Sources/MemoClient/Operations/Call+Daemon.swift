internal import MemoWire

extension Call where Result == Void {
    /// Asks whether the daemon answers.
    public static func ping() -> Call {
        Call(RequestLine(.ping)) { _ throws(MemoError) in }
    }

    /// Answered once every write acknowledged before is committed.
    public static func sync() -> Call {
        Call(RequestLine(.sync)) { _ throws(MemoError) in }
    }

    /// Writes a consistent copy of the database; administrators only.
    /// - Parameter path: absolute, and nothing is there yet. The daemon writes it, as its own user.
    public static func backup(path: String) -> Call {
        var request = RequestLine(.backup)
        request.add("path", string: path)
        // A copy of gigabytes takes its time.
        return Call(request, patience: .seconds(3600)) { _ throws(MemoError) in }
    }

    /// Asks for events on this connection; those of several subscriptions add up.
    static func subscribe(function: String?) -> Call {
        var request = RequestLine(.subscribe)
        request.add("fn", string: function)
        return Call(request) { _ throws(MemoError) in }
    }
}

extension Call where Result == Reply {
    /// Names this client's connection, and answers `server`, `version`, `protocol` and `limits`.
    public static func hello(client: String? = nil) -> Call {
        var request = RequestLine(.hello)
        request.add("client", string: client)
        return Call(request) { reply throws(MemoError) in reply }
    }

    /// The daemon's totals; see the protocol for the members.
    public static func stats() -> Call {
        Call(RequestLine(.stats)) { reply throws(MemoError) in reply }
    }

    /// What became of an entry: `state`, and when and by what. Not a use.
    /// - Parameter remote: whether `remote` is to say what other machines have; only for a daemon with the feature `remote`.
    public static func why(_ function: String, _ key: JSONText, remote: Bool = false) -> Call {
        var request = RequestLine(.why)
        request.add("fn", string: function)
        request.add("key", json: key)
        request.add("remote", flag: remote)
        return Call(request) { reply throws(MemoError) in reply }
    }
}
