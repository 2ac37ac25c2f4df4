internal import MemoStore
internal import MemoWire
internal import Platform

extension Dispatcher {
    func hello(_ request: Request, _ client: Bytes?, _ context: Context) {
        if let client { context.connection.clientName = Array(client) }
        var object = ObjectWriter()
        object.field("server", "memod")
        object.field("version", Version.text)
        object.field("protocol", 1)
        object.field("instance", instance)
        object.field("features", Features.names(hasRemote: remoteLink != nil))
        object.field("region", store.regionInstance != nil)
        object.object("limits") {
            $0.field("max_line", settings.maxLineBytes)
            $0.field("max_fn", WireLimits.functionBytes)
            $0.field("max_key", WireLimits.keyBytes)
            $0.field("max_keys", WireLimits.batchElements)
            $0.field("max_tags", WireLimits.tags)
            $0.field("max_lease_ms", Int(WireLimits.leaseMs))
        }
        object.reply(to: request, into: &context.connection.output)
    }
}

/// What this daemon has beyond the first version of the protocol: `hello` names them, and a client sends a new field
/// only if its addition is here.
enum Features {
    static func names(hasRemote: Bool) -> [String] {
        ["history", "pattern", "region"] + (hasRemote ? ["remote"] : []) + ["verify"]
    }
}
