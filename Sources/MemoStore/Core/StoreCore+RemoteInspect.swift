internal import RemoteLink

package enum RemoteInspection: Sendable {
    case known(RemoteWhereabouts)
    case asked(UInt64)
}

extension StoreCore {
    /// Asks what stands there. Nothing of it is kept, counted or used.
    package mutating func inspectRemote(
        function name: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer, for connection: ConnectionID
    ) -> RemoteInspection {
        let name = Array(name)
        let field = EpochField.function(name)
        guard remote.phase != .off, isSharedNow(name) else { return .known(.off) }
        guard remote.phase == .up, remote.flights.hasRoom(for: 1), remote.hasRoom(for: field) else {
            return .known(.unreachable)
        }
        let id = remote.makeID()
        let fields: [EpochField] = remote[field].known == 0 ? [field] : []
        let key = Array(key)
        guard
            remote.send(
                .lookup(
                    .init(
                        id: id, budgetMs: UInt64(remote.configuration?.budgetMs ?? 0), function: name,
                        keys: [key], epochs: fields)))
        else { return .known(.unreachable) }
        if !fields.isEmpty {
            remote.epochRequests[id] = .init(fields: fields, asOf: remote.epochChanges, purpose: .lookup)
        }
        remote.flights.begin(
            id,
            .init(
                function: name, keys: [.init(function: .none, hash: id, bytes: key)], waiters: [connection],
                began: now, isInspection: true))
        return .asked(id)
    }

    private func isSharedNow(_ name: [UInt8]) -> Bool {
        if let function = function(shared: name) { return functions[function].sharing != .none }
        return remote.configuration?.isShared(String(decoding: name, as: UTF8.self)) ?? false
    }

    mutating func inspected(_ id: UInt64, _ finding: LinkReply.Finding) {
        guard let flight = remote.flights[id], let key = flight.keys.first else { return }
        // Some of those who asked may be gone.
        if remote.inspections.count >= RemoteState.inspectionsMax { remote.inspections = [:] }
        remote.inspections[id] = whereabouts(finding, flight.function, key.bytes)
        wakeups.wake(remote.flights.end(id))
    }

    private func whereabouts(_ finding: LinkReply.Finding, _ function: [UInt8], _ key: [UInt8])
        -> RemoteWhereabouts
    {
        switch finding {
        case .failed(.timeout), .failed(.unavailable), .failed(.readOnly): return .unreachable
        case .failed(.invalid): return .unreadable
        case .miss(.none): return .absent
        case .miss: return .deleted
        case .hit(let value):
            var epochs: [(field: EpochField, epoch: Epoch)] = [
                (.namespace, value.namespaceEpoch), (.function(function), value.functionEpoch),
            ]
            // Of tags that were never seen here nothing is known.
            epochs += value.tags.map { (.tag($0.name), $0.epoch) }.filter { remote[$0.0].known != 0 }
            let isOfNow = epochs.allSatisfy {
                remote[$0.field].isUsable && remote[$0.field].known == $0.epoch
            }
            let entry = RemoteEntry(
                bytes: value.value.count, ttlMs: value.ttlMs, staleMs: value.graceMs,
                costMs: Int64(value.costMs), tags: value.tags.map { String(decoding: $0.name, as: UTF8.self) }
            )
            return isOfNow && !isDeletionPending(function, key) ? .present(entry) : .outdated(entry)
        }
    }

    /// What was found, once.
    package mutating func takeInspection(_ id: UInt64) -> RemoteWhereabouts {
        remote.inspections.removeValue(forKey: id) ?? .unreachable
    }
}
