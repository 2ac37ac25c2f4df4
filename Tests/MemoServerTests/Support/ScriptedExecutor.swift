import Foundation
import MemoStore
import MemoWire
import Platform

@testable import MemoServer

/// Answers requests by simple rules, and remembers what the loops told it.
///
/// - `get` of a function named `bytes` with an integer key: a string value of that many bytes.
/// - `get` of `wait`: suspends until `release`, or for the milliseconds its key says if more than 0; says `held`.
/// - `put`: answered behind a gate, with the next sequence number.
/// - `subscribe`: remembers the connection.
/// - anything else succeeds.
final class ScriptedExecutor: RequestExecutor, @unchecked Sendable {  // `condition` guards what changes.
    private final class Wait: Sendable {
        let isTimed: Bool
        init(isTimed: Bool) { self.isTimed = isTimed }
    }
    private final class Release: Sendable {}

    private let condition = NSCondition()
    private var _ended: [ConnectionID] = []
    private var _closed: [ConnectionID] = []
    private var _waiting: [ConnectionID] = []
    private var _subscribers: [ConnectionID] = []
    private var _executed = 0
    private var _calls = 0
    private var _sequence: UInt64 = 0
    private var _isDraining = false

    private func locked<T>(_ body: () -> T) -> T {
        condition.lock()
        defer {
            condition.broadcast()
            condition.unlock()
        }
        return body()
    }

    var ended: [ConnectionID] { locked { _ended } }
    var closed: [ConnectionID] { locked { _closed } }
    var waiting: [ConnectionID] { locked { _waiting } }
    var subscribers: [ConnectionID] { locked { _subscribers } }
    var executed: Int { locked { _executed } }
    var calls: Int { locked { _calls } }
    var sequence: UInt64 { locked { _sequence } }

    /// Waits until the condition holds. It is looked at whenever a loop calls, and now and then, since some
    /// figures change after a call.
    /// - Returns: whether it came to hold within ten seconds.
    func wait(until holds: (ScriptedExecutor) -> Bool) -> Bool {
        let end = Date(timeIntervalSinceNow: 10)
        while !holds(self) {
            guard Date.now < end else { return false }
            condition.lock()
            _ = condition.wait(until: Date(timeIntervalSinceNow: 0.01))
            condition.unlock()
        }
        return true
    }

    func drain() { locked { _isDraining = true } }

    /// Ends the waits of all connections that wait now.
    func release(_ loops: EventLoops) {
        for id in waiting { loops.post(id, .resume(Release())) }
    }

    func execute(_ batches: UnsafeBufferPointer<Unmanaged<RequestBatch>>) -> Int {
        let batch = batches[0].takeUnretainedValue()
        execute(batch, batch.owner.takeUnretainedValue())
        return 1
    }

    private func execute(_ batch: RequestBatch, _ connection: Connection) {
        defer { locked { _calls += 1 } }
        while batch.next < batch.requests.count, !connection.mustPause() {
            if let error = batch.requests.failure(at: batch.next) {
                ReplyWriter.fail(error, into: &connection.output)
            } else {
                guard execute(batch.requests[batch.next], connection) else { return }
            }
            batch.next += 1
            locked { _executed += 1 }
        }
    }

    /// - Returns: false to suspend.
    private func execute(_ request: Request, _ connection: Connection) -> Bool {
        let function = String(decoding: request.function, as: UTF8.self)
        switch request.body {
        case .get(let key, _) where function == "bytes":
            let count = Int(String(decoding: key.bytes, as: UTF8.self)) ?? 0
            ReplyWriter.begin(request.id, into: &connection.output)
            connection.output.append(",\"value\":\"")
            let room = connection.output.prepare(minimum: count)
            memset(room.baseAddress!, 0x78, count)
            connection.output.commit(count)
            connection.output.append("\"}\n")
        case .get(let key, _) where function == "wait":
            let milliseconds = Int64(String(decoding: key.bytes, as: UTF8.self)) ?? 0
            guard let wait = connection.dispatchState as? Wait else {
                connection.dispatchState = Wait(isTimed: milliseconds > 0)
                if milliseconds > 0 { connection.deadline = BootClock.nowMs + milliseconds }
                locked { _waiting.append(connection.id) }
                return false
            }
            let isOver = wait.isTimed && connection.deadline == nil
            let isReleased = connection.resumption is Release
            guard isOver || isReleased || connection.isPeerGone || locked({ _isDraining }) else {
                return false
            }
            connection.dispatchState = nil
            locked { _waiting.removeAll { $0 == connection.id } }
            ReplyWriter.begin(request.id, into: &connection.output)
            ReplyWriter.field("held", !isReleased, into: &connection.output)
            ReplyWriter.end(into: &connection.output)
        case .put:
            let sequence = locked {
                _sequence += 1
                return _sequence
            }
            let offset = connection.output.count
            ReplyWriter.stored(request.id, into: &connection.output)
            connection.gate(from: offset, sequence: sequence, id: request.id)
        case .subscribe:
            locked { _subscribers.append(connection.id) }
            ReplyWriter.succeed(request.id, into: &connection.output)
        default: ReplyWriter.succeed(request.id, into: &connection.output)
        }
        return true
    }

    func inputEnded(_ connection: Connection) {
        locked {
            _calls += 1
            _ended.append(connection.id)
        }
    }

    func closed(_ connection: Connection) {
        locked {
            _calls += 1
            _closed.append(connection.id)
        }
    }
}
