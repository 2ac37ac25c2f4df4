internal import RemoteLink
internal import RemoteTier

enum Routers {
    /// The router that an address calls for.
    static func make(_ connector: Connector) -> any Router {
        StandaloneRouter(place: connector.settings.address.places[0], connector: connector)
    }
}
