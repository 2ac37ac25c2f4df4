/// What a cold read brought. Whoever holds it gives it back with `StoreCore.release`.
package struct LoadedRow: Sendable {
    package let reference: RowReference
    let payload: Payload
    /// Of a large value.
    var prepared: PreparedValue?
}
