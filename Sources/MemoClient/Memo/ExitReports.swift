internal import Glibc
internal import Synchronization

/// Has the last hits of a program reported when it ends without closing its clients, as scripts do.
enum ExitReports {
    private struct Box: Sendable {
        weak let freshness: Freshness?
    }

    private static let boxes = Mutex<[Box]?>(nil)

    static func add(_ freshness: Freshness) {
        boxes.withLock { boxes in
            if boxes == nil { atexit { ExitReports.closeAll() } }
            boxes = (boxes ?? []).filter { $0.freshness != nil } + [Box(freshness: freshness)]
        }
    }

    private static func closeAll() {
        let boxes = boxes.withLock { $0 ?? [] }
        for box in boxes { box.freshness?.close() }
    }
}
