/// How often which distances occurred, in classes of at most 1.6 % width: exact below 128, then 64 classes an octave.
struct DistanceHistogram {
    private var weights: [Double] = []

    private static let exact = 128
    private static let perOctave = 64

    mutating func add(_ weight: Double, distance: Int64) {
        let index = Self.index(distance)
        if index >= weights.count {
            weights.append(contentsOf: repeatElement(0, count: index + 1 - weights.count))
        }
        weights[index] += weight
    }

    /// Makes what was counted so far count less.
    mutating func scale(_ factor: Double) {
        for index in weights.indices { weights[index] *= factor }
    }

    /// The sums, to be asked many times.
    var cumulative: Cumulative { Cumulative(weights) }

    /// The weight of all distances below some distance.
    struct Cumulative {
        /// By class: what lies below it; then the total.
        private let sums: [Double]

        fileprivate init(_ weights: [Double]) {
            var sum = 0.0
            sums =
                [0]
                + weights.map { weight in
                    sum += weight
                    return sum
                }
        }

        var total: Double { sums[sums.count - 1] }

        /// Those of the distance's own class are taken to be spread evenly.
        func below(_ distance: Int64) -> Double {
            let index = DistanceHistogram.index(distance)
            guard index < sums.count - 1 else { return total }
            let (first, width) = DistanceHistogram.bounds(index)
            let part = Double(distance - first) / Double(width)
            return sums[index] + (sums[index + 1] - sums[index]) * max(0, part)
        }
    }

    private static func index(_ distance: Int64) -> Int {
        if distance < exact { return Int(max(0, distance)) }
        let exponent = 63 - distance.leadingZeroBitCount
        let fraction = Int(distance >> Int64(exponent - 6)) - perOctave
        return exact + (exponent - 7) * perOctave + fraction
    }

    private static func bounds(_ index: Int) -> (first: Int64, width: Int64) {
        if index < exact { return (Int64(index), 1) }
        let exponent = (index - exact) / perOctave + 7
        let fraction = Int64((index - exact) % perOctave)
        let width = Int64(1) << Int64(exponent - 6)
        return ((Int64(perOctave) + fraction) * width, width)
    }
}
