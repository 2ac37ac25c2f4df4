/// What `stats` says of connections and buffers.
package struct ServerFigures: Sendable {
    package var connections = 0
    package var connectionLimit = 0
    package var connectionsRefused = 0
    package var pooledIdle = 0
    package var pooledInUse = 0
    package var pooledBytes = 0

    package init() {}
}
