internal import RemoteLink

/// What `define` says of the shared tier.
extension StoreCore {
    mutating func defineRemote(_ function: FunctionSlot, _ change: ProfileChange) {
        guard functions[function].row.owner == FunctionRow.everyone else { return }
        let name = Array(functions[function].row.name.utf8)
        guard remote.hasRoom(for: .function(name)) else { return }
        var shared = remote.functions[name] ?? RemoteFunction()
        if let setting = change.remote { shared.setting = setting }
        if let isCoherent = change.isCoherent { shared.isCoherent = isCoherent }
        if let leases = change.leasesRemotely { shared.isLeased = leases }
        remote.functions[name] = shared
        enqueue(.remote(remote.row(.function(name))))
        updateSharing(function)
    }

    mutating func forgetRemoteSettings(_ function: FunctionSlot) {
        guard functions[function].row.owner == FunctionRow.everyone else { return }
        let name = Array(functions[function].row.name.utf8)
        guard remote.functions[name] != nil else { return }
        remote.functions[name]!.setting = .byPattern
        remote.functions[name]!.isCoherent = false
        remote.functions[name]!.isLeased = false
        remote.functions[name]!.hits = 0
        remote.functions[name]!.misses = 0
        enqueue(.remote(remote.row(.function(name))))
        updateSharing(function)
    }

    /// What is set and counted for a function.
    func noteRemote(_ function: FunctionSlot, in info: inout FunctionInfo) {
        guard !remote.functions.isEmpty, functions[function].row.owner == FunctionRow.everyone,
            let shared = remote.functions[Array(functions[function].row.name.utf8)]
        else { return }
        info.remote = shared.setting
        info.isCoherent = shared.isCoherent
        info.leasesRemotely = shared.isLeased
        info.remoteHits = shared.hits
        info.remoteMisses = shared.misses
    }

    /// What was counted for a function counts no more.
    mutating func resetRemoteCounts(_ function: FunctionSlot) {
        guard !remote.functions.isEmpty, functions[function].row.owner == FunctionRow.everyone else { return }
        let name = Array(functions[function].row.name.utf8)
        guard remote.functions[name] != nil else { return }
        remote.functions[name]!.hits = 0
        remote.functions[name]!.misses = 0
        remote.functions[name]!.isDirty = true
    }
}
