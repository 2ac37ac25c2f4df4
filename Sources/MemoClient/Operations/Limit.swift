/// How many entries a function may have.
public enum Limit: Sendable, Equatable {
    case unlimited
    case entries(Int64)
}

/// How long an entry is fresh.
public enum Lifetime: Sendable, Equatable {
    case forever
    case lasting(Duration)
}
