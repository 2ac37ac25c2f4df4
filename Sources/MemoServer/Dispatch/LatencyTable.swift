internal import Histogram
internal import MemoWire
internal import Platform
internal import Synchronization

/// How long requests take, by operation: from when the dispatcher is given them to when their replies are written.
/// Measures the first batches and then every sixteenth, because looking at the clock costs as much as a lookup.
final class LatencyTable: Sendable {
    /// By the operations' places among all; a dictionary's subscript would allocate with every measurement.
    private let histograms = Lock<[Histogram<UInt32>?]>(
        Array(repeating: nil, count: Operation.allCases.count))
    private let batches = Atomic<UInt64>(0)

    /// - Returns: when a batch to be measured begins, in ns; `nil` for one that is not.
    @inline(__always)
    func begin() -> UInt64? {
        // Two loops may count one: it is only to be about every sixteenth.
        let count = batches.load(ordering: .relaxed)
        batches.store(count &+ 1, ordering: .relaxed)
        return count < 1024 || count % 16 == 0 ? BootClock.nowNs : nil
    }

    /// - Returns: when those after them begin.
    @inline(never)
    func record(_ batch: RequestBatch, _ range: Range<Int>, since began: UInt64) -> UInt64 {
        guard !range.isEmpty else { return began }
        let now = BootClock.nowNs
        let each = (now - began) / UInt64(range.count) / 1000
        histograms.withLock { histograms in
            for position in range where batch.requests.failure(at: position) == nil {
                let place = batch.requests[position].body.operation.place
                if histograms[place] == nil { histograms[place] = Self.empty }
                histograms[place]?.record(min(each, 60_000_000))
            }
        }
        return now
    }

    private static var empty: Histogram<UInt32> {
        Histogram(highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: .two)
    }

    /// In microseconds, of the operations that were measured.
    func percentiles() -> [(operation: Operation, p50: Int64, p99: Int64, p999: Int64)] {
        histograms.withLock { histograms in
            Operation.allCases.compactMap { operation in
                guard let histogram = histograms[operation.place] else { return nil }
                return (
                    operation, Int64(histogram.valueAtPercentile(50)), Int64(histogram.valueAtPercentile(99)),
                    Int64(histogram.valueAtPercentile(99.9))
                )
            }
        }
    }
}

extension Operation {
    /// Its place in `allCases`: an enumeration without payloads is that number.
    @inline(__always)
    fileprivate var place: Int { Int(unsafeBitCast(self, to: UInt8.self)) }
}

extension Request.Body {
    var operation: Operation {
        switch self {
        case .ping: .ping
        case .hello: .hello
        case .get: .get
        case .put: .put
        case .release: .release
        case .delete: .delete
        case .touch: .touch
        case .mget: .mget
        case .mput: .mput
        case .clearFunction, .clearTag, .clearAll, .clearPattern: .clear
        case .forget: .forget
        case .define: .define
        case .info: .info
        case .report: .report
        case .functions: .functions
        case .keys: .keys
        case .stats: .stats
        case .sync: .sync
        case .why: .why
        case .subscribe: .subscribe
        case .backup: .backup
        case .history: .history
        case .advise: .advise
        case .map: .map
        }
    }
}
