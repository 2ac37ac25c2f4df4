internal import MemoStore
internal import MemoWire
internal import RemoteLink

extension Dispatcher {
    /// The tier on other machines, in `stats`.
    func appendRemote(_ report: RemoteReport, to object: inout ObjectWriter) {
        object.object("remote") {
            $0.field("state", report.state)
            guard report.state != "off" else { return }
            $0.field("mode", report.isReadOnly ? "read-only" : report.mode)
            if !report.reason.isEmpty { $0.field("reason", report.reason) }
            $0.field("hits", report.figures.hits)
            $0.field("misses", report.figures.misses)
            $0.field("timeouts", report.figures.timeouts)
            $0.field("errors", report.figures.errors)
            $0.field("skipped", report.figures.skipped)
            $0.field("late_fills", report.figures.lateFills)
            $0.field("puts", report.figures.puts)
            $0.field("puts_refused", report.figures.putsRefused)
            $0.field("puts_dropped", report.figures.putsDropped)
            $0.field("puts_queued", report.figures.queued)
            $0.field("too_large", report.figures.tooLarge)
            $0.field("pending_clears", report.pendingClears)
            $0.field("latency_us", report.roundTripMicroseconds)
            $0.array("nodes", report.nodes.enumerated()) { _, node, object in
                object.field("address", node.address)
                object.field("state", node.isUp ? "up" : "down")
                object.field("latency_us", Int64(clamping: node.roundTripMicroseconds))
            }
        }
    }
}
