internal import Glibc
package import RemoteLink

/// The link to the shared tier: when it may be used, and what keeps the two in step.
extension StoreCore {
    /// Uses the tier from now on. Called once, before anyone else sees the store.
    package mutating func startRemote(_ configuration: RemoteConfiguration) {
        remote.configuration = configuration
        remote.phase = .down
        for function in functions.allSlots where functions.isLive(function) { updateSharing(function) }
    }

    /// Functions that are defined coherent are served only while the tier is up.
    mutating func enterRemote(_ phase: RemoteState.Phase) {
        let changes = (remote.phase == .up) != (phase == .up)
        remote.phase = phase
        guard changes else { return }
        for (name, shared) in remote.functions where shared.isCoherent {
            if let slot = function(shared: name) { updateSharing(slot) }
        }
    }

    /// Works out anew whether a function is shared.
    mutating func updateSharing(_ function: FunctionSlot) {
        functions[function].sharing = sharing(of: functions[function].row)
        let wasWithheld = functions[function].isWithheld
        functions[function].isWithheld = mustWithhold(function)
        guard functions[function].isWithheld, !wasWithheld else { return }
        hidePublished(function)
        // Clients let go of what they have at hand.
        remote.note(RemoteNotice(function: Array(functions[function].row.name.utf8)))
    }

    private func mustWithhold(_ function: FunctionSlot) -> Bool {
        guard functions[function].sharing != .none, remote.phase != .off, remote.phase != .up else {
            return false
        }
        return remote.functions[Array(functions[function].row.name.utf8)]?.isCoherent == true
    }

    private func sharing(of row: FunctionRow) -> Sharing {
        guard let configuration = remote.configuration, row.owner == FunctionRow.everyone, row.persists else {
            return .none
        }
        switch remote.functions[Array(row.name.utf8)]?.setting ?? .byPattern {
        case .off: return .none
        case .on: return .full
        case .readOnly: return .readOnly
        case .byPattern: return configuration.isShared(row.name) ? .full : .none
        }
    }

    /// What is to be sent now.
    /// - Parameter onlySmall: `nil` is returned where values are among it.
    mutating func takeRemoteRequests(onlySmall: Bool) -> [LinkRequest]? {
        guard !onlySmall || remote.outboxBytes == 0 else { return nil }
        remote.outboxBytes = 0
        return exchange(&remote.outbox, with: [])
    }

    /// The helper is there.
    package mutating func remoteLinked() {
        guard let configuration = remote.configuration else { return }
        remote.isLinked = true
        remote.heard = now
        remote.outbox = []
        remote.outboxBytes = 0
        remote.send(.hello(configuration.hello(instance: remote.instance)))
        remote.send(.follow(after: remote.position))
    }

    /// There is no helper.
    /// - Parameter reason: for people.
    package mutating func remoteIsMissing(_ reason: String) { remote.missing = reason }

    /// The helper is gone: what was asked of it will not be answered.
    package mutating func remoteUnlinked() {
        guard remote.isLinked else { return }
        remote.isLinked = false
        remote.link = nil
        for case .put in remote.outbox { remote.figures.putsDropped += 1 }
        remote.outbox = []
        remote.outboxBytes = 0
        forgetRequests()
        leaveRemote(.down)
    }

    /// Requests whose answers will not come, or say nothing any more.
    private mutating func forgetRequests() {
        remote.epochRequests = [:]
        remote.watch = nil
        remote.asked = []
        for field in remote.raising { remote[field].raise = nil }
        for deletion in remote.deletions.keys { remote.deletions[deletion]?.request = nil }
    }

    /// Nothing is read from the tier until it is up again.
    private mutating func leaveRemote(_ phase: RemoteState.Phase) {
        if remote.phase == .up || remote.phase == .catchingUp { wakeups.wake(remote.flights.endAll()) }
        enterRemote(phase)
        remote.watch = nil
        remote.isCaughtUp = false
        remote.verification = nil
    }

    /// - Returns: whether it is worth waiting for more.
    package mutating func remoteReceived(_ reply: LinkReply) {
        remote.heard = now
        switch reply {
        case .state(let state):
            remote.link = state
            if state.phase == .down {
                if remote.phase != .down { leaveRemote(.down) }
            } else if remote.phase == .down {
                enterRemote(.catchingUp)
            }
        case .identity(let identity):
            // Another connection: what happened before it was opened is still to come.
            remote.isCaughtUp = false
            remote.verification = nil
            if remote.phase == .up { enterRemote(.catchingUp) }
            if remote.position != nil, identity.isEmpty || identity != remote.identity {
                raiseForLostDeletes()
            }
            remote.identity = identity
        case .gap: missedLines()
        case .events(let events, let position, let isCaughtUp):
            for event in events { heard(event) }
            if remote.position != position {
                remote.position = position
                enqueue(.remote(remote.logRow))
            }
            if isCaughtUp, !remote.isCaughtUp, remote.link?.phase == .up {
                remote.isCaughtUp = true
                verifyEpochs()
            }
        case .taken(let id): remote.flights[id]?.isTaken = true
        case .epochs(let id, let epochs): answered(id, epochs)
        case .deleted(let id): deleted(id)
        case .failed(let id, let failure): failed(id, failure)
        case .found(let id, let some, let isLast): found(id, some, isLast: isLast)
        case .counts(let counts):
            remote.figures.puts += Int64(clamping: counts.puts)
            remote.figures.putsRefused += Int64(clamping: counts.putsRefused)
            remote.figures.putsDropped += Int64(clamping: counts.putsDropped)
            remote.figures.errors += Int64(clamping: counts.errors)
            remote.figures.queued = Int64(clamping: counts.queued)
        case .pong: break
        }
        raisePending()
    }

    /// About once a second: whether the helper lives, what is still to be sent, and whether the epochs are what they were.
    /// - Returns: after how many ms to call it again.
    package mutating func remoteTick() -> Int64 {
        guard remote.phase != .off else { return RemoteState.tickMs }
        if remote.phase != .down, now - remote.heard > RemoteState.silenceMs { leaveRemote(.down) }
        if remote.phase == .down, remote.link?.phase == .up, now - remote.heard <= RemoteState.silenceMs {
            enterRemote(.catchingUp)
        }
        if remote.isCaughtUp, remote.verification == nil, remote.phase == .catchingUp { verifyEpochs() }
        if remote.phase == .up { pollEpochs() }
        releaseHeld()
        raisePending()
        buryPending()
        releaseUnused()
        flushRemoteCounters()
        // The helper should have read the epochs by then.
        guard let answered = remote.watch?.answered, now < answered + RemoteState.watchPatienceMs else {
            return RemoteState.tickMs
        }
        return answered + RemoteState.watchPatienceMs - now
    }

    // MARK: epochs are read

    /// Reads every epoch that matters before the tier is used.
    private mutating func verifyEpochs() {
        var fields = remote.fields
        // What was kept here before it was shared is of no use if others have cleared it since, and that cannot be told.
        for function in functions.allSlots
        where functions.isLive(function) && functions[function].sharing != .none {
            let name = Array(functions[function].row.name.utf8)
            if remote.functions[name] == nil { fields.append(.function(name)) }
        }
        remote.verification = []
        for start in stride(from: 0, to: fields.count, by: RemoteState.fieldsAtOnce) {
            let part = Array(fields[start..<min(start + RemoteState.fieldsAtOnce, fields.count)])
            if let id = askEpochs(part, .verification) { remote.verification?.insert(id) }
        }
    }

    /// Epochs are asked for once a second. Where they are few and stay as they are the helper does so, with what wakes it anyway.
    private mutating func pollEpochs() {
        let fields = remote.fields
        if fields.count <= RemoteState.fieldsAtOnce {
            if remote.watch?.fields != fields {
                let id = remote.makeID()
                if remote.send(.watch(id: id, fields)) {
                    remote.watch = .init(id: id, fields: fields, asOf: remote.epochChanges)
                }
            } else if let watch = remote.watch, watch.asOf == remote.epochChanges,
                let answered = watch.answered, now - answered < RemoteState.watchPatienceMs
            {
                return
            }
        } else if remote.watch != nil, remote.send(.watch(id: 0, [])) {
            remote.watch = nil
        }
        if remote.pollHand >= fields.count { remote.pollHand = 0 }
        let end = min(remote.pollHand + RemoteState.fieldsAtOnce, fields.count)
        _ = askEpochs(Array(fields[remote.pollHand..<end]), .poll)
        remote.pollHand = end
    }

    mutating func askEpochs(_ fields: [EpochField], _ purpose: RemoteState.EpochRequest.Purpose) -> UInt64? {
        let id = remote.makeID()
        guard remote.send(.epochs(id: id, fields)) else { return nil }
        remote.epochRequests[id] = RemoteState.EpochRequest(
            fields: fields, asOf: remote.epochChanges, purpose: purpose)
        return id
    }

    private mutating func answered(_ id: UInt64, _ epochs: [Epoch]) {
        if let watch = remote.watch, watch.id == id {
            guard watch.fields.count == epochs.count else { return }
            for (field, epoch) in zip(watch.fields, epochs) { read(field, epoch, asOf: watch.asOf) }
            remote.watch?.asOf = remote.epochChanges
            remote.watch?.answered = now
            return releaseHeld()
        }
        guard let request = remote.epochRequests.removeValue(forKey: id), request.fields.count == epochs.count
        else { return }
        for (field, epoch) in zip(request.fields, epochs) {
            remote.asked.remove(field)
            switch request.purpose {
            case .raise: raised(field, epoch, by: id)
            case .verification: verified(field, epoch, asOf: request.asOf)
            case .poll, .lookup, .tags: read(field, epoch, asOf: request.asOf)
            }
        }
        switch request.purpose {
        case .verification:
            remote.verification?.remove(id)
            if remote.verification?.isEmpty == true, remote.phase == .catchingUp { enterRemote(.up) }
        case .tags(let flight): verifiedTags(flight)
        case .raise:
            finishAnsweredFlights()
            wakeups.wake(exchange(&remote.waiters, with: []))
        case .poll, .lookup: break
        }
        releaseHeld()
    }

    private mutating func failed(_ id: UInt64, _ failure: LinkReply.Failure) {
        if let request = remote.epochRequests.removeValue(forKey: id) {
            remote.asked.subtract(request.fields)
            switch request.purpose {
            case .raise:
                for field in request.fields where remote[field].raise?.id == id { remote[field].raise = nil }
                // No one waits for what is not made now.
                finishAnsweredFlights(evenUnraised: true)
            case .verification: remote.verification = nil
            case .tags(let flight): verifiedTags(flight)
            case .poll, .lookup: break
            }
        }
        for (deletion, pending) in remote.deletions where pending.request == id {
            remote.deletions[deletion]?.request = nil
        }
    }

    // MARK: counters

    mutating func flushRemoteCounters() {
        guard degraded == nil, !pipeline.queue.isFull else { return }
        for (name, shared) in remote.functions where shared.isDirty {
            remote.functions[name]?.isDirty = false
            enqueue(.remote(remote.row(.function(name))))
        }
    }
}
