extension RequestParser {
    /// The canonical form of the object's `key`. What is wrong with a key as a key, rather than as JSON, is
    /// noted in `fault`, and the key returned is then not to be used.
    @inline(__always) mutating func readKey(_ reader: FieldReader) throws(WireError) -> CanonicalKey {
        let span = reader.spans[Field.key.index]
        if span.traits.isEmpty, span.text.count <= WireLimits.keyBytes {
            return CanonicalKey(bytes: span.text, typedBytes: span.text)
        }
        return try canonicalize(span.text, span.traits, reader, "key")
    }

    private mutating func canonicalize(
        _ text: Bytes, _ traits: JSONScanner.Traits, _ reader: FieldReader,
        _ name: @autoclosure () -> String
    ) throws(WireError) -> CanonicalKey {
        if !traits.isEmpty { try spend(text.count) }
        let failure: KeyCanonicalizer.Fault
        do throws(KeyCanonicalizer.Fault) {
            return try canonicalizer.canonicalize(text, traits: traits, arena: &arena)
        } catch {
            failure = error
        }
        switch failure {
        case .repeatedMember(let offset):
            let error = JSONError(.repeatedMember, at: position(of: text) + offset)
            throw WireError(code: .badJSON, message: describe(error))
        case .unpairedSurrogate(let offset):
            note(
                reader.fault("\(name()) has an unpaired surrogate at byte \(position(of: text) + offset)"))
        case .exponent(let offset):
            note(
                reader.fault(
                    "\(name()) has a number at byte \(position(of: text) + offset) with an exponent beyond "
                        + "\(WireLimits.keyExponent)"))
        case .tooLarge:
            note(reader.fault("\(name()) is longer than \(WireLimits.keyBytes) bytes", code: .tooLarge))
        }
        return CanonicalKey(bytes: text, typedBytes: text)
    }

    /// Holds back the first fault; what is too large goes before everything else.
    private mutating func note(_ error: WireError) {
        if fault == nil || (error.code == .tooLarge && fault?.code != .tooLarge) { fault = error }
    }

    /// The elements of `keys`.
    mutating func readKeys(_ reader: FieldReader) throws(WireError) -> Range<Int> {
        let first = keys.count
        guard var elements = JSONElements(reader.text(.keys)) else {
            note(reader.mismatch(.keys, "an array"))
            return 0..<0
        }
        var index = 0
        while let element = elements.next() {
            guard index < WireLimits.batchElements else {
                note(tooMany("keys", reader))
                break
            }
            keys.append(try canonicalize(element.text, element.traits, reader, "keys[\(index)]"))
            index += 1
        }
        return first..<keys.count
    }

    /// The elements of `entries`.
    mutating func readEntries(_ reader: FieldReader) throws(WireError) -> Range<Int> {
        let first = entries.count
        guard var elements = JSONElements(reader.text(.entries)) else {
            note(reader.mismatch(.entries, "an array"))
            return 0..<0
        }
        var index = 0
        while let element = elements.next() {
            guard index < WireLimits.batchElements else {
                note(tooMany("entries", reader))
                break
            }
            if element.text[0] == UInt8(ascii: "{") {
                try readEntry(element.text, index)
            } else {
                note(
                    reader.fault(
                        "entries[\(index)] must be an object, not \(JSONText.kind(of: element.text))"))
            }
            index += 1
        }
        return first..<entries.count
    }

    private mutating func readEntry(_ text: Bytes, _ index: Int) throws(WireError) {
        // A scanner of the whole line, so that errors count from its beginning.
        var scanner = JSONScanner(line)
        scanner.position = position(of: text)
        do {
            try entry.scan(&scanner, depth: 3, arena: &arena)
        } catch {
            throw WireError(code: .badJSON, message: describe(error))
        }
        let reader = FieldReader(entry, .entry(index))
        let key = reader.has(.key) ? try readKey(reader) : nil
        // Only repeated members can still matter.
        guard fault == nil else { return }
        do {
            try check(reader, entry.unknown, .entry)
            // `check` has made sure that there is one.
            entries.append(try readPut(reader, key: key!))
        } catch {
            note(error)
        }
    }

    private func tooMany(_ name: String, _ reader: FieldReader) -> WireError {
        reader.fault("\(name) has more than \(WireLimits.batchElements) elements", code: .tooLarge)
    }

    /// The tags of one entry, without repeats, as positions in `tags`.
    mutating func readTags(_ reader: FieldReader) throws(WireError) -> Range<Int> {
        let first = tags.count
        guard var elements = JSONElements(reader.text(.tags)) else {
            throw reader.mismatch(.tags, "an array of strings")
        }
        var index = 0
        while let element = elements.next() {
            guard index < WireLimits.tags else {
                throw reader.fault("tags has more than \(WireLimits.tags) elements")
            }
            guard element.text[0] == UInt8(ascii: "\"") else {
                throw reader.fault("tags[\(index)] must be a string, not \(JSONText.kind(of: element.text))")
            }
            let (tag, isUnicode) = arena.decode(JSONText.characters(ofString: element.text))
            guard isUnicode else { throw reader.fault("tags[\(index)] has an unpaired surrogate") }
            guard 1...WireLimits.tagBytes ~= tag.count else {
                throw reader.fault(
                    "tags[\(index)] must have 1 to \(WireLimits.tagBytes) bytes, not \(tag.count)")
            }
            if !tags[first...].contains(where: { JSONText.areEqual($0, tag) }) { tags.append(tag) }
            index += 1
        }
        return first..<tags.count
    }

    /// Where a view of the line begins in it.
    func position(of text: Bytes) -> Int {
        guard let start = text.baseAddress, let base = line.baseAddress else { return 0 }
        return start - base
    }

    /// The message of a JSON error in the line; a repeated member is named.
    mutating func describe(_ error: JSONError) -> String {
        guard error.reason == .repeatedMember, error.offset < line.count else { return "\(error)" }
        var scanner = JSONScanner(line)
        scanner.position = error.offset
        guard (try? scanner.skipString()) != nil else { return "\(error)" }
        let name = Bytes(rebasing: line[(error.offset + 1)..<(scanner.position - 1)])
        var message = "member \(FieldSuggestion.quote(name))"
        // Spelt with an escape, it does not look like the one that it repeats.
        if name.contains(UInt8(ascii: "\\")) {
            message += ", which is \(FieldSuggestion.quote(arena.decode(name).bytes)),"
        }
        return message + " is repeated at byte \(error.offset)"
    }
}
