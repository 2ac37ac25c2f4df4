/// A request's wait for other machines.
struct RemoteWait {
    /// The look-up that was made for it; `nil`: another machine computes it, and is asked again then.
    var lookup: UInt64?
    /// When it goes on without them, in ms since boot.
    var until: Int64
    /// The keys of an `mget` that were asked for, by their places.
    var keys: [Int] = []
}

/// How far a request is with asking other machines.
enum RemoteAsking {
    case notYet
    case answered
    /// They are not asked, or what they said is counted.
    case over
}
