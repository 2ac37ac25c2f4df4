package import RemoteLink

/// What becomes of a clear or a delete there.
package enum RemoteReach: String, Sendable {
    /// The servers have it, and all who can reach them hear it.
    case done
    /// It is noted, and sent as soon as they can be reached.
    case queued
    /// The function is not shared.
    case off
    /// This host may not write there: it does not use what is there until someone else clears it.
    case readOnly = "read_only"
}

extension StoreCore {
    /// Whether the shared tier is configured.
    package var hasRemote: Bool { remote.phase != .off }

    /// A function is being cleared here.
    mutating func noteClearElsewhere(_ function: FunctionSlot, _ cause: RemovalCause) {
        guard remote.isInUse, functions[function].row.owner == FunctionRow.everyone else { return }
        // A clear of all is one note for everything.
        if cause == .clearAll, remote.namespace.pending > 0 { return }
        let name = Array(functions[function].row.name.utf8)
        guard functions[function].sharing != .none || remote.functions[name] != nil else { return }
        noteClear(.function(name))
    }

    /// A key is being deleted here.
    mutating func noteDeleteElsewhere(_ function: FunctionSlot, _ key: UnsafeRawBufferPointer) {
        guard remote.isInUse, functions[function].row.owner == FunctionRow.everyone else { return }
        let name = Array(functions[function].row.name.utf8)
        guard functions[function].sharing != .none || remote.functions[name] != nil else { return }
        noteDelete(function: name, key: key)
    }

    /// What is cleared by name, and is not here.
    package mutating func clearRemotely(function name: UnsafeRawBufferPointer) {
        let name = Array(name)
        guard mayBeShared(name) else { return }
        noteClear(.function(name))
    }

    package mutating func clearRemotely(tag name: UnsafeRawBufferPointer) {
        guard remote.phase != .off || remote.tags[Array(name)] != nil else { return }
        noteClear(.tag(Array(name)))
    }

    /// Everything that is shared.
    package mutating func clearAllRemotely() {
        guard remote.isInUse else { return }
        noteClear(.namespace)
    }

    package mutating func deleteRemotely(function name: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) {
        let name = Array(name)
        guard mayBeShared(name) else { return }
        noteDelete(function: name, key: key)
    }

    private func mayBeShared(_ name: [UInt8]) -> Bool {
        if remote.functions[name] != nil { return true }
        guard let configuration = remote.configuration else { return false }
        return configuration.isShared(String(decoding: name, as: UTF8.self))
    }

    /// How far a clear got.
    package func reach(of field: EpochField) -> RemoteReach {
        guard remote.phase != .off else { return .off }
        if remote[field].pending == 0 {
            if case .function(let name) = field, remote.functions[name] == nil { return .off }
            return .done
        }
        return remote.takesWrites ? .queued : .readOnly
    }

    /// How far a delete got.
    package func reach(function name: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) -> RemoteReach {
        let name = Array(name)
        guard remote.phase != .off, remote.functions[name] != nil else { return .off }
        guard isDeletionPending(name, Array(key)) || remote[.function(name)].pending > 0 else { return .done }
        return remote.takesWrites ? .queued : .readOnly
    }

    /// Has a connection woken when something that was cleared or deleted here is known there.
    package mutating func waitForRemote(_ connection: ConnectionID) { remote.waiters.append(connection) }

    /// What others cleared and deleted since the last call, and whether some of it is not known.
    package mutating func takeRemoteNotices() -> (notices: [RemoteNotice], areSomeLost: Bool) {
        (exchange(&remote.notices, with: []), exchange(&remote.hasLostNotices, with: false))
    }

    /// What was counted, and how it stands.
    package var remoteReport: RemoteReport {
        RemoteReport(
            state: remote.phase == .off
                ? "off" : remote.phase == .up ? "up" : remote.phase == .down ? "down" : "suspended",
            mode: remote.configuration?.mode.rawValue ?? "", isReadOnly: !remote.takesWrites,
            reason: remote.isLinked
                ? remote.link?.reason ?? "the helper has not said yet" : remote.missing,
            figures: remote.figures,
            pendingClears: remote.raising.count { remote[$0].pending > 0 } + remote.deletions.count,
            nodes: remote.link?.nodes ?? [])
    }
}

/// The shared tier, as `stats` shows it.
package struct RemoteReport: Sendable {
    package var state: String
    package var mode: String
    package var isReadOnly: Bool
    package var reason: String
    package var figures: RemoteFigures
    package var pendingClears: Int
    package var nodes: [LinkReply.State.Node]

    /// Of the slowest server.
    package var roundTripMicroseconds: Int64 {
        nodes.map { Int64(clamping: $0.roundTripMicroseconds) }.max() ?? 0
    }
}
