extension KeyCanonicalizer {
    /// Finds the objects of the key and sorts their members.
    ///
    /// - Returns: Whether all members were in order as they came.
    mutating func index(arena: inout Arena) throws(Fault) -> Bool {
        members.removeAll(keepingCapacity: true)
        objects.removeAll(keepingCapacity: true)
        pending.removeAll(keepingCapacity: true)
        frames.removeAll(keepingCapacity: true)
        var position = 0
        var isSorted = true
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "{"):
                frames.append(Frame(object: objects.count, next: pending.count))
                objects.append(Object(members: 0..<0, end: 0, ordinal: 0))
                position &+= 1
                readName(at: &position, arena: &arena)
            case UInt8(ascii: "["):
                frames.append(Frame(object: -1, next: 0))
                position &+= 1
            case UInt8(ascii: ","):
                position &+= 1
                if let frame = frames.last, frame.object >= 0 { readName(at: &position, arena: &arena) }
            case UInt8(ascii: "}"):
                position &+= 1
                let frame = frames.removeLast()
                if try !close(frame, end: position) { isSorted = false }
            case UInt8(ascii: "]"):
                position &+= 1
                frames.removeLast()
            case UInt8(ascii: "\""):
                position = endOfString(at: position)
            default:
                position &+= 1
            }
        }
        return isSorted
    }

    /// Reads a member's name up to its value, if there is one.
    private mutating func readName(at position: inout Int, arena: inout Arena) {
        skipWhitespace(at: &position)
        guard text[position] == UInt8(ascii: "\"") else { return }
        let start = position
        position = endOfString(at: position)
        var name = Bytes(rebasing: text[(start &+ 1)..<(position &- 1)])
        if JSONText.hasEscapes(name) {
            let isUnicode: Bool
            (name, isUnicode) = arena.decode(name)
            if !isUnicode, surrogateOffset == nil { surrogateOffset = start }
        }
        skipWhitespace(at: &position)
        position &+= 1
        skipWhitespace(at: &position)
        pending.append(Member(name: name, start: start, value: position, ordinal: objects.count))
    }

    /// Sorts the members of an object that has ended.
    private mutating func close(_ frame: Frame, end: Int) throws(Fault) -> Bool {
        let range = frame.next..<pending.count
        var isSorted = true
        for index in range.dropFirst()
        where !JSONText.precedes(pending[index &- 1].name, pending[index].name) {
            isSorted = false
            break
        }
        if !isSorted {
            // In place: a slice of the array would be a copy.
            pending.withUnsafeMutableBufferPointer {
                $0[range].sort { JSONText.precedes($0.name, $1.name) }
            }
            for index in range.dropFirst()
            where JSONText.areEqual(pending[index &- 1].name, pending[index].name) {
                throw .repeatedMember(offset: max(pending[index &- 1].start, pending[index].start))
            }
        }
        let first = members.count
        members.append(contentsOf: pending[range])
        pending.removeSubrange(range)
        objects[frame.object] = Object(members: first..<members.count, end: end, ordinal: objects.count)
        return isSorted
    }

    @inline(__always) func skipWhitespace(at position: inout Int) {
        while position < text.count, JSONScanner.isWhitespace(text[position]) { position &+= 1 }
    }

    /// The position behind the string that begins at `start`.
    func endOfString(at start: Int) -> Int {
        var position = start &+ 1
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\""): return position &+ 1
            case UInt8(ascii: "\\"): position &+= 2
            default: position &+= 1
            }
        }
        return text.count
    }
}
