internal import RemoteLink

/// One host computes while the others wait, for functions that are defined so.
extension StoreCore {
    /// What a look-up is to take for a request that would compute.
    func remoteLease(_ shared: RemoteFunction, _ keyCount: Int, _ leaseMs: Int64?) -> LinkRequest.Lookup
        .Lease?
    {
        guard shared.isLeased, keyCount == 1, let leaseMs, leaseMs > 0, remote.takesWrites,
            remote.leases.hasRoom
        else { return nil }
        var kernel = SystemRandomNumberGenerator()
        return .init(token: kernel.next() | 1, lifeMs: UInt64(leaseMs))
    }

    /// A look-up that was to take a lease is answered.
    mutating func leased(_ flight: RemoteFlights.Flight, _ finding: LinkReply.Finding) {
        guard let lease = flight.lease, let key = flight.keys.first else { return }
        let missKey = RecentMisses.Key(function: key.function, hash: key.hash)
        if case .failed = finding {
            // Perhaps it was taken all the same.
            remote.send(.release(function: flight.function, key: key.bytes, lease: lease.token))
        } else if flight.isTaken {
            let pause = RemoteLeases.pauseMs
            let length = Double(pause.upperBound - pause.lowerBound)
            remote.leases.note(missKey, takenUntil: now + pause.lowerBound + Int64(random.unit() * length))
        } else {
            remote.leases.hold(
                missKey,
                .init(
                    token: lease.token, function: flight.function, key: key.bytes, since: now,
                    ends: now + Int64(clamping: lease.lifeMs)))
        }
    }

    /// How long to wait before asking again for a key that another host computes; `nil`: none does, or it is here.
    package func pauseForOthers(_ function: FunctionSlot, _ key: UnsafeRawBufferPointer, hash: UInt64)
        -> Int64?
    {
        guard functions[function].sharing != .none,
            let time = remote.leases.asksAgain(.init(function: functions[function].row.id, hash: hash)),
            isMissing(function, key, hash: hash)
        else { return nil }
        return max(1, time - now)
    }

    /// This host computes a key no longer, or has got it.
    mutating func releaseRemotely(_ key: RecentMisses.Key) {
        guard let lease = remote.leases.end(key) else { return }
        remote.send(.release(function: lease.function, key: lease.key, lease: lease.token))
    }

    /// Gives up what no one here computes any more.
    mutating func releaseUnused() {
        let unused = remote.leases.takeUnused(now: now) { key, lease in
            guard let function = functions.find(key.function) else { return false }
            return lease.key.withUnsafeBytes {
                leases.serial(of: LeaseTable.Key(function: function, hash: key.hash, key: $0)) != nil
            }
        }
        for lease in unused {
            remote.send(.release(function: lease.function, key: lease.key, lease: lease.token))
        }
    }
}
