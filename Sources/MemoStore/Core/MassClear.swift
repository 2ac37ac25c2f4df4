/// A clear of many functions, which goes through them in pieces. It takes effect at once all the same: whoever asks for a
/// function that it has not come to yet finds it cleared, since it comes to that one first.
package final class MassClear {
    let connection: ConnectionID
    /// Later ones have larger numbers.
    let number: UInt64
    /// Slots of functions that are still to be looked at. Those that are added meanwhile are none of its business.
    fileprivate(set) var left: Range<FunctionSlot>
    /// Clears the function in a slot if it is meant. Let go of at the end: it knows whoever knows this.
    fileprivate var clear: ((FunctionSlot, inout StoreCore) -> Void)?

    init(
        _ connection: ConnectionID, number: UInt64, left: Range<FunctionSlot>,
        _ clear: @escaping (FunctionSlot, inout StoreCore) -> Void
    ) {
        self.connection = connection
        self.number = number
        self.left = left
        self.clear = clear
    }
}

/// The clears of many functions that are under way.
struct MassClears {
    /// In the order in which they began.
    private var underWay: [MassClear] = []
    /// The number of the last one that began: functions that are added after that are none of its business.
    private(set) var latest: UInt64 = 0

    var isEmpty: Bool { underWay.isEmpty }

    fileprivate mutating func begin(
        _ connection: ConnectionID, _ slots: Range<FunctionSlot>,
        _ clear: @escaping (FunctionSlot, inout StoreCore) -> Void
    ) -> MassClear {
        latest += 1
        let new = MassClear(connection, number: latest, left: slots, clear)
        underWay.append(new)
        return new
    }

    fileprivate mutating func end(_ clear: MassClear) {
        underWay.removeAll { $0 === clear }
        clear.clear = nil
    }

    /// Those that have not come to a slot yet.
    fileprivate func toReach(_ function: FunctionSlot) -> [MassClear] {
        underWay.filter { $0.left.contains(function) }
    }

    /// Whoever asked for them is gone: they stay where they are.
    mutating func leave(_ connection: ConnectionID) {
        for clear in underWay where clear.connection == connection { clear.clear = nil }
        underWay.removeAll { $0.clear == nil }
    }
}

extension StoreCore {
    package mutating func beginClear(
        for connection: ConnectionID, _ clear: @escaping (FunctionSlot, inout StoreCore) -> Void
    ) -> MassClear {
        piecework.massClears.begin(connection, functions.allSlots, clear)
    }

    /// Goes on with it until it is through, or is to stop. What it has changed is committed as one.
    /// - Returns: whether it is through.
    package mutating func goOn(_ clear: MassClear, until mustStop: (borrowing StoreCore) -> Bool) -> Bool {
        while let function = clear.left.first {
            if mustStop(self) {
                holdCommit(for: clear.connection)
                return false
            }
            performClears(of: function)
            clear.left = function.advanced(by: 1)..<clear.left.upperBound
        }
        piecework.massClears.end(clear)
        releaseCommit(for: clear.connection)
        return true
    }

    /// Has what is cleared in pieces come to a function, in the order in which it was begun.
    mutating func performClears(of function: FunctionSlot) {
        for clear in piecework.massClears.toReach(function)
        where functions.isLive(function) && functions[function].clearedBy < clear.number {
            functions[function].clearedBy = clear.number
            clear.clear?(function, &self)
        }
    }
}
