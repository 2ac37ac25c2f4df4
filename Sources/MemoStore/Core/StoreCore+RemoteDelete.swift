internal import RemoteLink

/// Deletes, as others hear of them.
extension StoreCore {
    /// A key is deleted here: nothing of it is read or put until a tombstone stands there.
    mutating func noteDelete(function: [UInt8], key: UnsafeRawBufferPointer) {
        guard remote.deletions.count < RemoteState.deletionsMax, remote.hasRoom(for: .function(function))
        else {
            return noteClear(.function(function))
        }
        let deletion = RemoteState.Deletion(function: function, key: Array(key))
        remote.held.forget { $0.put.function == function && $0.put.key == deletion.key }
        var kernel = SystemRandomNumberGenerator()
        let generation = Generation(high: kernel.next(), low: kernel.next() | 1)
        remote.deletions[deletion] = RemoteState.PendingDeletion(generation: generation, since: now)
        remote.functions[function, default: RemoteFunction()].deletedAt = now
        enqueue(.remote(remote.row(deletion)))
        enqueue(.remote(remote.row(.function(function))))
        buryPending()
    }

    func isDeletionPending(_ function: [UInt8], _ key: [UInt8]) -> Bool {
        !remote.deletions.isEmpty
            && remote.deletions[RemoteState.Deletion(function: function, key: key)] != nil
    }

    mutating func buryPending() {
        guard !remote.deletions.isEmpty, remote.link?.phase == .up, remote.takesWrites else { return }
        for (deletion, pending) in remote.deletions where pending.request == nil {
            let id = remote.makeID()
            guard
                remote.send(
                    .tombstone(
                        id: id, function: deletion.function, key: deletion.key, pending.generation))
            else { return }
            remote.deletions[deletion]?.request = id
            remote.burials[id] = deletion
        }
    }

    /// A tombstone stands, and is in the log: what is here of the key is of before.
    mutating func deleted(_ id: UInt64) {
        guard let deletion = remote.burials.removeValue(forKey: id),
            let pending = remote.deletions[deletion], pending.request == id
        else { return }
        drop(function: deletion.function, key: deletion.key)
        if let function = function(shared: deletion.function) {
            let hash = deletion.key.withUnsafeBytes { self.hash(function, $0) }
            remote.misses[.init(function: functions[function].row.id, hash: hash)] = .init(
                generation: pending.generation, at: 0)
        }
        remote.deletions[deletion] = nil
        enqueue(.remote(remote.row(deletion)))
        wakeups.wake(exchange(&remote.waiters, with: []))
    }
}
