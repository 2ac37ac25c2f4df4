/// What this daemon has beyond the first version of the protocol: `hello` names them, and a client sends a new field
/// only if its addition is here.
enum Features {
    static let names: [String] = ["history", "pattern"]
}
