/// Shares between 0 and 1 over time, as a line of small bars.
enum Sparkline {
    private static let bars = Array("▁▂▃▄▅▆▇█")

    /// - Parameter points: oldest first; `nil`: nothing to show at that time.
    static func text(_ points: [Double?]) -> String {
        String(
            points.map { point in
                guard let point else { return " " }
                return bars[Int((max(0, min(1, point)) * Double(bars.count - 1)).rounded())]
            })
    }
}
