/// An entry as it goes from one host to another.
package struct SharedValue: Equatable, Sendable {
    /// The epochs of namespace and function that it was computed under, and those of its tags.
    package var namespaceEpoch: Epoch
    package var functionEpoch: Epoch
    package var tags: [Tag]
    package var generation: Generation
    /// How long it is fresh yet; `nil`: for ever.
    package var ttlMs: Int64?
    /// The grace time after that.
    package var graceMs: Int64
    package var costMs: UInt32
    /// JSON, as its client sent it.
    package var value: [UInt8]

    package struct Tag: Equatable, Sendable {
        package var name: [UInt8]
        package var epoch: Epoch

        package init(name: [UInt8], epoch: Epoch) {
            self.name = name
            self.epoch = epoch
        }
    }

    package init(
        namespaceEpoch: Epoch, functionEpoch: Epoch, tags: [Tag] = [], generation: Generation = .none,
        ttlMs: Int64? = nil, graceMs: Int64 = 0, costMs: UInt32 = 0, value: [UInt8]
    ) {
        self.namespaceEpoch = namespaceEpoch
        self.functionEpoch = functionEpoch
        self.tags = tags
        self.generation = generation
        self.ttlMs = ttlMs
        self.graceMs = graceMs
        self.costMs = costMs
        self.value = value
    }
}

extension FrameWriter {
    package mutating func shared(_ value: SharedValue) {
        number(value.namespaceEpoch)
        number(value.functionEpoch)
        list(value.tags) { writer, tag in
            writer.string(tag.name)
            writer.number(tag.epoch)
        }
        generation(value.generation)
        number(value.ttlMs.map { UInt64(max(0, $0)) + 1 } ?? 0)
        number(UInt64(max(0, value.graceMs)))
        number(UInt64(value.costMs))
        string(value.value)
    }

    package mutating func generation(_ value: Generation) {
        number(value.high)
        number(value.low)
    }
}

extension FrameReader {
    package mutating func shared() throws(FrameError) -> SharedValue {
        let namespace = try number()
        let function = try number()
        let tags = try list(each: 2) { reader throws(FrameError) in
            SharedValue.Tag(name: try reader.string(), epoch: try reader.number())
        }
        let generation = try generation()
        let ttl = try number()
        return SharedValue(
            namespaceEpoch: namespace, functionEpoch: function, tags: tags, generation: generation,
            ttlMs: ttl == 0 ? nil : Int64(clamping: ttl - 1), graceMs: Int64(clamping: try number()),
            costMs: UInt32(clamping: try number()), value: try string())
    }

    package mutating func generation() throws(FrameError) -> Generation {
        Generation(high: try number(), low: try number())
    }
}
