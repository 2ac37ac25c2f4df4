internal import Platform

/// What is known of the database beside its contents: how far the check in the background is, and the room on its
/// file system.
package struct DatabaseCondition: Sendable {
    package enum Check: String, Sendable {
        case running
        /// Every row was read.
        case done
        /// The disk did not let it read on.
        case unreadable
        /// Pages were damaged: the database was moved aside for an empty one.
        case damaged
    }

    package internal(set) var check = Check.running
    /// Rows that the check has read, and those of them that did not have what was written.
    package internal(set) var rows: Int64 = 0
    package internal(set) var damagedRows: Int64 = 0
    /// When the check ended, in store time.
    var endedAt: Int64?
    /// `nil` if the file system does not say.
    package internal(set) var freeBytes: Int64?
    /// How long ago the check ended.
    package internal(set) var endedAgoMs: Int64?
}

extension Store {
    package var condition: DatabaseCondition {
        var condition = conditionBox.withLock { $0 }
        condition.endedAgoMs = condition.endedAt.map { max(0, clock.now() - $0) }
        return condition
    }

    func noteCheck(_ slice: ColdScrub.Slice, isFirst: Bool) {
        conditionBox.withLock { condition in
            if isFirst {
                condition.rows = 0
                condition.damagedRows = 0
            }
            condition.rows += Int64(slice.rows)
            condition.damagedRows += Int64(slice.damaged.count)
        }
    }

    func noteCheck(ended check: DatabaseCondition.Check) {
        let now = clock.now()
        conditionBox.withLock { condition in
            condition.check = check
            condition.endedAt = now
        }
    }
}
