/// Writes one frame: the length of what follows in four bytes, little-endian, then numbers as LEB128 and strings behind
/// their length.
package struct FrameWriter {
    package private(set) var bytes: [UInt8] = [0, 0, 0, 0]

    package init(reserving count: Int = 64) { bytes.reserveCapacity(count) }

    package mutating func kind(_ kind: some RawRepresentable<UInt8>) { byte(kind.rawValue) }

    package mutating func flag(_ value: Bool) { byte(value ? 1 : 0) }

    package mutating func byte(_ value: UInt8) { bytes.append(value) }

    package mutating func number(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    package mutating func string(_ value: some Collection<UInt8>) {
        number(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// A generic one is not specialized in other modules.
    package mutating func string(_ value: [UInt8]) {
        number(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    package mutating func string(_ value: UnsafeRawBufferPointer) {
        number(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    package mutating func list<Element>(_ values: [Element], _ write: (inout FrameWriter, Element) -> Void) {
        number(UInt64(values.count))
        for value in values { write(&self, value) }
    }

    /// The frame, its length filled in.
    package mutating func finish() -> [UInt8] {
        let length = UInt32(bytes.count - 4)
        for place in 0..<4 { bytes[place] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(place))) }
        return bytes
    }
}
