/// A frame that is not what it should be: the other side is another program, or of another version.
package struct FrameError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    static let truncated = FrameError("a frame ends too early")
}

/// Reads what `FrameWriter` wrote, without its length. Nothing in it is trusted.
package struct FrameReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    package init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    package init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    package var remaining: Int { bytes.endIndex - position }

    package mutating func byte() throws(FrameError) -> UInt8 {
        guard remaining > 0 else { throw .truncated }
        defer { position += 1 }
        return bytes[position]
    }

    /// - Parameter what: it is, for people.
    package mutating func kind<Kind: RawRepresentable<UInt8>>(of what: String) throws(FrameError) -> Kind {
        let number = try byte()
        guard let kind = Kind(rawValue: number) else { throw FrameError("\(what) of kind \(number)") }
        return kind
    }

    package mutating func flag() throws(FrameError) -> Bool { try byte() != 0 }

    package mutating func number() throws(FrameError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            guard shift < 63 || next <= 1 else { throw FrameError("a number has more than 64 bits") }
            value |= UInt64(next & 0x7f) << shift
            if next < 0x80 { return value }
            shift += 7
        }
    }

    package mutating func string() throws(FrameError) -> [UInt8] {
        let count = try number()
        guard count <= UInt64(remaining) else { throw .truncated }
        defer { position += Int(count) }
        return Array(bytes[position..<position + Int(count)])
    }

    /// Whether this string comes next, which is read.
    package mutating func reads(_ expected: [UInt8]) throws(FrameError) -> Bool {
        let count = try number()
        guard count <= UInt64(remaining) else { throw .truncated }
        defer { position += Int(count) }
        return bytes[position..<position + Int(count)].elementsEqual(expected)
    }

    /// - Parameters:
    ///   - each: the least bytes that an element takes, so that no count makes memory grow beyond the frame.
    ///   - most: where elements take more than that in memory, how many there may be.
    package mutating func list<Element>(
        each: Int = 1, most: Int = .max, _ read: (inout FrameReader) throws(FrameError) -> Element
    ) throws(FrameError) -> [Element] {
        let count = try number()
        guard count <= UInt64(remaining / each) else { throw .truncated }
        guard count <= UInt64(most) else { throw FrameError("a list of \(count)") }
        var values: [Element] = []
        values.reserveCapacity(Int(count))
        for _ in 0..<count { values.append(try read(&self)) }
        return values
    }

    package func end() throws(FrameError) {
        guard remaining == 0 else { throw FrameError("a frame is longer than its content") }
    }
}

/// Cuts a stream into frames.
package struct FrameBuffer {
    /// The longest frame: an `mput` of large values is put one by one.
    package static let lengthMax = 80 << 20
    private var bytes: [UInt8] = []
    private var position = 0

    package init() {}

    package mutating func append(_ more: UnsafeRawBufferPointer) { bytes.append(contentsOf: more) }

    package mutating func append(_ more: ArraySlice<UInt8>) { bytes.append(contentsOf: more) }

    /// The next whole frame, without its length; `nil` until more arrives.
    package mutating func next() throws(FrameError) -> ArraySlice<UInt8>? {
        guard bytes.count - position >= 4 else { return compact() }
        var length = 0
        for place in 0..<4 { length |= Int(bytes[position + place]) << (8 * place) }
        guard length <= Self.lengthMax else { throw FrameError("a frame of \(length) bytes") }
        guard bytes.count - position - 4 >= length else { return compact() }
        defer { position += 4 + length }
        return bytes[position + 4..<position + 4 + length]
    }

    private mutating func compact() -> ArraySlice<UInt8>? {
        if position == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 20)
        } else if position > 0 {
            bytes.removeFirst(position)
        }
        position = 0
        return nil
    }
}
