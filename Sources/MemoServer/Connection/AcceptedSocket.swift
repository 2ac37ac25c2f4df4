internal import Platform

/// A connection that was accepted and belongs to the loop it is sent to.
struct AcceptedSocket {
    var descriptor: Int32
    var peer: PeerCredentials
    var isAdministrator: Bool
}
