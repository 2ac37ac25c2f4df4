extension KeyCanonicalizer {
    /// Writes the key into `output`.
    mutating func write(typed: Bool) throws(Fault) {
        output.removeAll(keepingCapacity: true)
        frames.removeAll(keepingCapacity: true)
        var position = 0
        var ordinal = 0
        repeat {
            switch text[position] {
            case UInt8(ascii: "{"):
                let object = objects[ordinal]
                output.append(UInt8(ascii: "{"))
                if !object.members.isEmpty {
                    frames.append(Frame(object: ordinal, next: object.members.lowerBound))
                    nextMember(&position, &ordinal)
                    continue
                }
                output.append(UInt8(ascii: "}"))
                position = object.end
                ordinal &+= 1
            case UInt8(ascii: "["):
                output.append(UInt8(ascii: "["))
                position &+= 1
                skipWhitespace(at: &position)
                frames.append(Frame(object: -1, next: 0))
                if text[position] != UInt8(ascii: "]") { continue }
            default:
                let end = endOfScalar(at: position)
                try appendScalar(position..<end, typed: typed)
                position = end
            }
            guard output.count <= WireLimits.keyBytes else { throw .tooLarge }
            closeContainers(&position, &ordinal)
        } while !frames.isEmpty
        guard output.count <= WireLimits.keyBytes else { throw .tooLarge }
    }

    /// Behind a value: ends the containers that end here, and goes on to the next value if there is one.
    private mutating func closeContainers(_ position: inout Int, _ ordinal: inout Int) {
        while let frame = frames.last {
            if frame.object >= 0 {
                let object = objects[frame.object]
                if frame.next < object.members.upperBound {
                    output.append(UInt8(ascii: ","))
                    return nextMember(&position, &ordinal)
                }
                output.append(UInt8(ascii: "}"))
                position = object.end
                ordinal = object.ordinal
            } else {
                skipWhitespace(at: &position)
                let byte = text[position]
                output.append(byte)
                position &+= 1
                if byte == UInt8(ascii: ",") { return skipWhitespace(at: &position) }
            }
            frames.removeLast()
        }
    }

    /// Writes the name of the innermost object's next member and goes to its value.
    private mutating func nextMember(_ position: inout Int, _ ordinal: inout Int) {
        let last = frames.count &- 1
        let member = members[frames[last].next]
        frames[last].next &+= 1
        output.append(jsonString: member.name)
        output.append(UInt8(ascii: ":"))
        position = member.value
        ordinal = member.ordinal
    }

    private func endOfScalar(at start: Int) -> Int {
        if text[start] == UInt8(ascii: "\"") { return endOfString(at: start) }
        var position = start
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), 0x20, 0x09, 0x0A, 0x0D:
                return position
            default: position &+= 1
            }
        }
        return position
    }

    private mutating func appendScalar(_ range: Range<Int>, typed: Bool) throws(Fault) {
        let scalar = Bytes(rebasing: text[range])
        switch scalar[0] {
        case UInt8(ascii: "\""):
            guard JSONText.hasEscapes(scalar) else { return output.append(scalar) }
            try appendString(scalar, offset: range.lowerBound)
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            output.append(scalar)
        default:
            let number = JSONNumber(scalar)
            if number.isExponentTooLarge { throw .exponent(offset: range.lowerBound) }
            append(number, typed: typed)
        }
    }

    /// Writes a string that has escapes.
    private mutating func appendString(_ string: Bytes, offset: Int) throws(Fault) {
        let characters = JSONText.characters(ofString: string)
        output.reserve(string.count)
        output.append(UInt8(ascii: "\""))
        var position = 0
        while position < characters.count {
            let byte = characters[position]
            guard byte == UInt8(ascii: "\\") else {
                output.append(byte)
                position &+= 1
                continue
            }
            let start = position
            let character = JSONText.unescape(characters, at: &position)
            if JSONText.isSurrogate(character) { throw .unpairedSurrogate(offset: offset &+ 1 &+ start) }
            if character < 0x20 || character == 0x22 || character == 0x5C {
                output.append(jsonEscaped: UInt8(truncatingIfNeeded: character))
            } else {
                let room = output.prepare(minimum: 4)
                output.commit(
                    JSONText.encode(character, to: room.baseAddress!.assumingMemoryBound(to: UInt8.self)))
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    /// Writes a number in the one form that all numbers of its value have.
    ///
    /// With n significant digits d and the value d·10^e: an integer of up to 20 digits is written out; where
    /// the point falls among the digits, or up to five zeroes before them, it is written there; everything
    /// else is `d`, `e` and the exponent. In the typed form what was written as an integer stays one, all its
    /// digits written, and an integral value that was written with a fraction or an exponent has `.0` behind
    /// its digits. So either form, read as a key, has itself as its form.
    private mutating func append(_ number: JSONNumber, typed: Bool) {
        let marked = !number.isInteger && number.isIntegral
        if marked { isTypedDifferent = true }
        if number.isZero {
            output.append(UInt8(ascii: "0"))
        } else {
            if number.isNegative { output.append(UInt8(ascii: "-")) }
            let count = number.digitCount
            // Where the point is, counted from the first digit.
            let point = Int64(count) + number.exponent
            if number.exponent >= 0, point <= Int64(JSONScanner.plainDigits) {
                append(number.digits(0..<count))
                for _ in 0..<number.exponent { output.append(UInt8(ascii: "0")) }
            } else if number.exponent < 0, point > 0 {
                append(number.digits(0..<Int(point)))
                output.append(UInt8(ascii: "."))
                append(number.digits(Int(point)..<count))
            } else if number.exponent < 0, point > -6 {
                output.append("0.")
                for _ in point..<0 { output.append(UInt8(ascii: "0")) }
                append(number.digits(0..<count))
            } else {
                append(number.digits(0..<count))
                if number.exponent != 0, number.isInteger {
                    isTypedDifferent = true
                    if typed {
                        for _ in 0..<number.exponent { output.append(UInt8(ascii: "0")) }
                        return
                    }
                }
                if number.exponent != 0 {
                    if marked && typed { output.append(".0") }
                    output.append(UInt8(ascii: "e"))
                    output.append(decimal: number.exponent)
                    return
                }
            }
        }
        if marked && typed { output.append(".0") }
    }

    private mutating func append(_ pieces: (Bytes, Bytes)) {
        output.append(pieces.0)
        output.append(pieces.1)
    }
}
