/// What daemons that share have in common: the name of it is a part of the names of keys on the server.
package enum RemoteNamespace {
    /// The longest name.
    package static let nameMax = 64

    /// Whether this may be one: letters, digits, `.`, `_` and `-`.
    package static func isValid(_ name: String) -> Bool {
        (1...nameMax).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
