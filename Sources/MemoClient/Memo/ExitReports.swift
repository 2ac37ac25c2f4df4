internal import Glibc
internal import Synchronization

/// Has the last hits of a program reported when it ends without closing its clients, as scripts do.
enum ExitReports {
    private struct Box: Sendable {
        weak let invalidations: InvalidationListener?
    }

    private static let boxes = Mutex<[Box]?>(nil)

    static func add(_ invalidations: InvalidationListener) {
        boxes.withLock { boxes in
            if boxes == nil { atexit { ExitReports.closeAll() } }
            boxes = (boxes ?? []).filter { $0.invalidations != nil } + [Box(invalidations: invalidations)]
        }
    }

    private static func closeAll() {
        let boxes = boxes.withLock { $0 ?? [] }
        for box in boxes { box.invalidations?.close() }
    }
}
