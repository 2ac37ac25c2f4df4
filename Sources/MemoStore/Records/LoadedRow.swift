/// What a cold read brought. Whoever holds it gives it back with `StoreCore.release`.
package struct Fault: Sendable {
    package let ticket: ColdTicket
    let payload: Payload
}
