/// Batches that are executed together. Their connections hold them.
struct GatheredBatches: ~Copyable {
    private let storage: UnsafeMutableBufferPointer<Unmanaged<RequestBatch>>
    private var count = 0
    /// How many requests they have.
    private var requests = 0
    private let requestsMax: Int

    /// - Parameter requestsMax: from which on there is no room for another batch.
    init(capacity: Int, requestsMax: Int) {
        storage = .allocate(capacity: capacity)
        self.requestsMax = requestsMax
    }

    deinit { storage.deallocate() }

    var isEmpty: Bool { count == 0 }
    var isFull: Bool { count == storage.count || requests >= requestsMax }
    var all: UnsafeBufferPointer<Unmanaged<RequestBatch>> {
        UnsafeBufferPointer(storage.extracting(..<count))
    }

    /// Adds a batch; there must be room for it.
    mutating func append(_ batch: Unmanaged<RequestBatch>, requests: Int) {
        storage.initializeElement(at: count, to: batch)
        count += 1
        self.requests += requests
    }

    mutating func removeAll() {
        count = 0
        requests = 0
    }
}
