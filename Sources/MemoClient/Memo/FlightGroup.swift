internal import Synchronization

/// Tasks of this process that want the same result at once: the first one gets it, for all.
final class FlightGroup: Sendable {
    private enum Outcome {
        case value(any Sendable)
        /// The first one failed: its error is its own, and another one tries.
        case failed
    }

    private struct Follower {
        let number: UInt64
        let continuation: CheckedContinuation<Outcome, Never>
    }

    private struct State {
        var flights: [[UInt8]: [Follower]] = [:]
        var nextNumber: UInt64 = 0
    }

    private let state = Mutex(State())

    /// - Returns: the result, and whether another task got it.
    func run<Result: Sendable>(
        _ key: [UInt8], _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> (result: Result, isShared: Bool) {
        while true {
            let isFirst = state.withLock { state in
                guard state.flights[key] == nil else { return false }
                state.flights[key] = []
                return true
            }
            if isFirst {
                do {
                    let result = try await body()
                    land(key, .value(result))
                    return (result, false)
                } catch {
                    land(key, .failed)
                    throw error
                }
            }
            if case .value(let value) = await follow(key), let result = value as? Result {
                return (result, true)
            }
            try Task.checkCancellation()
        }
    }

    private func follow(_ key: [UInt8]) async -> Outcome {
        let number = state.withLock { state in
            state.nextNumber += 1
            return state.nextNumber
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isCancelled = Task.isCancelled
                let isWaiting = state.withLock { state in
                    guard !isCancelled, state.flights[key] != nil else { return false }
                    state.flights[key]?.append(Follower(number: number, continuation: continuation))
                    return true
                }
                if !isWaiting { continuation.resume(returning: .failed) }
            }
        } onCancel: {
            let follower = state.withLock { state -> Follower? in
                guard let index = state.flights[key]?.firstIndex(where: { $0.number == number }) else {
                    return nil
                }
                return state.flights[key]?.remove(at: index)
            }
            follower?.continuation.resume(returning: .failed)
        }
    }

    private func land(_ key: [UInt8], _ outcome: Outcome) {
        let followers = state.withLock { $0.flights.removeValue(forKey: key) ?? [] }
        for follower in followers { follower.continuation.resume(returning: outcome) }
    }
}
