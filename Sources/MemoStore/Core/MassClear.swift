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

extension StoreCore {
    package mutating func beginClear(
        for connection: ConnectionID, _ clear: @escaping (FunctionSlot, inout StoreCore) -> Void
    ) -> MassClear {
        massClearNumber += 1
        let new = MassClear(connection, number: massClearNumber, left: functions.allSlots, clear)
        massClears.append(new)
        return new
    }

    /// Goes on with it until it is through, or is to stop. What it has changed is committed as one.
    /// - Returns: whether it is through.
    package mutating func goOn(_ clear: MassClear, until mustStop: (borrowing StoreCore) -> Bool) -> Bool {
        while let function = clear.left.first {
            if mustStop(self) {
                holdCommit(for: clear.connection)
                return false
            }
            settle(function)
            clear.left = function.advanced(by: 1)..<clear.left.upperBound
        }
        massClears.removeAll { $0 === clear }
        clear.clear = nil
        releaseCommit(for: clear.connection)
        return true
    }

    /// Has what is cleared in pieces come to a function, in the order in which it was begun.
    mutating func settle(_ function: FunctionSlot) {
        for clear in massClears
        where clear.left.contains(function) && functions.isLive(function)
            && functions[function].clearedBy < clear.number
        {
            functions[function].clearedBy = clear.number
            clear.clear?(function, &self)
        }
    }

    /// Whoever asked for it is gone: it stays where it is.
    mutating func endClears(of connection: ConnectionID) {
        for clear in massClears where clear.connection == connection { clear.clear = nil }
        massClears.removeAll { $0.clear == nil }
    }
}
