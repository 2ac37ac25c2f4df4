import Glibc

@testable import MemoRegion

/// A region in this process, as writer and as reader.
final class RegionFixture: @unchecked Sendable {
    private let writerBox: UnsafeMutablePointer<RegionWriter>
    private let usesBox: UnsafeMutablePointer<UsesReader>
    let keeper: RegionKeeper
    private let usesDescriptor: Int32

    var writer: RegionWriter {
        unsafeAddress { UnsafePointer(writerBox) }
        unsafeMutableAddress { writerBox }
    }
    var uses: UsesReader {
        unsafeAddress { UnsafePointer(usesBox) }
        unsafeMutableAddress { usesBox }
    }

    init(bytes: Int = 256 << 10, functions: Int = 16) throws {
        keeper = try RegionKeeper()
        let geometry = RegionGeometry(bytes: bytes, functions: functions)!
        let writer = try RegionWriter(geometry, instance: keeper.instance, seed: 0x1234_5678)
        let uses = try UsesReader(functions: functions)
        writerBox = .allocate(capacity: 1)
        writerBox.initialize(to: writer)
        usesBox = .allocate(capacity: 1)
        usesBox.initialize(to: uses)
        usesDescriptor = usesBox.pointee.handOver()
    }

    deinit {
        writerBox.deinitialize(count: 1)
        writerBox.deallocate()
        usesBox.deinitialize(count: 1)
        usesBox.deallocate()
        close(usesDescriptor)
    }

    func reader(notes: Bool = true, servesEnding: Bool = true) throws -> RegionReader {
        try RegionReader(
            region: writer.memory.readable, uses: notes ? usesDescriptor : nil,
            control: ControlView(keeper.descriptor), servesEnding: servesEnding)
    }

    /// In a function, since the testing library cannot look into what is not copyable.
    func key(_ ticket: UInt32) -> UnsafeRawPointer { writer.content(ticket).key.baseAddress! }

    func used(_ ticket: UInt32, _ generation: UInt32) -> UInt32? {
        writer.used(ticket, generation: generation)
    }

    @discardableResult
    func publish(
        _ key: String, _ value: String, slot: UInt32 = 0, function: UInt32 = 7, place: Int = 3,
        _ change: (inout Publication) -> Void = { _ in }
    ) -> UInt32? {
        publish(Array(key.utf8), Array(value.utf8), slot: slot, function: function, place: place, change)
    }

    func publish(
        _ key: [UInt8], _ value: [UInt8], slot: UInt32 = 0, function: UInt32 = 7, place: Int = 3,
        _ change: (inout Publication) -> Void = { _ in }
    ) -> UInt32? {
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in
                var entry = Publication(slot: slot, function: function, place: place, key: key, value: value)
                change(&entry)
                return writer.publish(entry)
            }
        }
    }
}

extension RegionReader {
    func get(_ key: [UInt8], function: UInt32 = 7, place: Int = 3) -> [UInt8]? {
        key.withUnsafeBytes { get(function, place: place, $0)?.value }
    }

    func text(_ key: String, function: UInt32 = 7, place: Int = 3) -> String? {
        get(Array(key.utf8), function: function, place: place).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The same with checks left out.
    func text<Probe: RegionProbe>(_ key: String, function: UInt32 = 7, place: Int = 3, _ probe: Probe.Type)
        -> String?
    {
        Array(key.utf8).withUnsafeBytes {
            get(function, place: place, $0, probe).map { String(decoding: $0.value, as: UTF8.self) }
        }
    }
}
