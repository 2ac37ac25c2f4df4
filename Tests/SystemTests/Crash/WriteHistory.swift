/// What one client did to its keys, in the order in which it did it, and what may be there after a crash.
///
/// No one else writes these keys, and a connection's requests take effect in order, so each key's states are known;
/// what a crash leaves unknown is only how many of the last ones took place.
struct WriteHistory {
    struct Change {
        /// `nil`: not there.
        var value: String?
        var isTagged = false
        /// The changes of one request have the same number.
        var request: Int
        /// Whether the answer to it promises that it survives.
        var isFirm: Bool
    }

    struct Request {
        var sent: Moment
        var answered: Moment?
    }

    private(set) var requests: [Request] = []
    /// By key; the first is the state before the first request.
    private(set) var changes: [[Change]]

    init(keys: Int) {
        changes = Array(repeating: [Change(value: nil, request: -1, isFirm: true)], count: keys)
    }

    mutating func put(_ key: Int, _ value: String, isTagged: Bool, isDurable: Bool) {
        changes[key].append(
            Change(value: value, isTagged: isTagged, request: requests.count, isFirm: isDurable))
        requests.append(Request(sent: .now))
    }

    mutating func delete(_ key: Int) {
        changes[key].append(Change(value: nil, request: requests.count, isFirm: true))
        requests.append(Request(sent: .now))
    }

    mutating func clear(taggedAlone: Bool) {
        for key in changes.indices where !taggedAlone || changes[key].last!.isTagged {
            changes[key].append(Change(value: nil, request: requests.count, isFirm: true))
        }
        requests.append(Request(sent: .now))
    }

    mutating func sync() { requests.append(Request(sent: .now)) }

    mutating func answered(_ request: Int) { requests[request].answered = .now }

    /// The first of a key's changes that may be its last: everything before it was certainly overtaken.
    ///
    /// - Parameter committed: everything that was answered before this moment is known to have survived.
    func firstPossible(_ key: Int, committed: Moment?) -> Int {
        changes[key].lastIndex { change in
            guard change.request >= 0 else { return true }
            guard let answered = requests[change.request].answered else { return false }
            return change.isFirm || committed.map { answered < $0 } ?? false
        } ?? 0
    }

    /// When the change was sent that left this value behind, or `nil` if that cannot be told: if there is
    /// nothing, or more than one change might have.
    func evidence(_ key: Int, _ found: String?) -> Moment? {
        guard let found else { return nil }
        let matching = changes[key].filter { $0.value == found }
        guard matching.count == 1, matching[0].request >= 0 else { return nil }
        return requests[matching[0].request].sent
    }

    /// Forgets the past: this is what was found.
    mutating func settle(_ found: [String?]) {
        for key in changes.indices {
            let isTagged = changes[key].last { $0.value == found[key] }?.isTagged ?? false
            changes[key] = [
                Change(value: found[key], isTagged: isTagged && found[key] != nil, request: -1, isFirm: true)
            ]
        }
        requests = []
    }
}
