internal import CSQLite
internal import Glibc

/// Finds rows of a table by their numbers in the pages of the database file, past SQLite, with two short reads, and
/// with one where it is remembered from them where in its page the row lies.
///
/// What is only in the write-ahead log is not seen, and a page may be changed while it is read or have
/// become another's since, or a part of a value that was made to look like a row. So this is for rows that never
/// change and that prove themselves by a checksum of their contents and their number, of which only their writer
/// knows the seed. Whatever is not found may be in the table all the same: SQLite knows.
///
/// Source: "Database File Format" of SQLite's documentation, sections 1.3, 1.6 and 2.1. One thread at a time uses it,
/// while the connection is open.
package final class TablePages {
    private let file: UnsafeMutablePointer<sqlite3_file>
    private let root: UInt32
    private let pageBytes: Int
    /// Without what is reserved at a page's end.
    private let usable: Int
    /// Inner pages, each in one of a few places that its number has.
    private let inner: UnsafeMutableRawBufferPointer
    /// Which pages are in those places; 0 for none.
    private let innerNumbers: UnsafeMutableBufferPointer<UInt32>
    private let page: UnsafeMutableRawBufferPointer
    /// Where in their leaves rows were lately, by the last bits of their numbers; 0 if that is not known.
    private let places: UnsafeMutablePointer<UInt16>
    /// How many inner pages there are above each leaf, once that was seen.
    private var depth: Int?
    /// How far rows lately were from having their number's place in a leaf, which they have if none is missing.
    private var gaps = 0
    /// Rows in a row that were not found.
    private var absences = 0

    /// Enough for some ten million rows of a hundred bytes. Memory is taken as pages come.
    private static let innerPages = 256
    private static let placesOfAPage = 4
    /// A power of two. Memory is taken as rows are read.
    private static let placesOfRows = 1 << 20
    /// Deeper than a table of 2^63 rows is.
    private static let depthMax = 20
    private static let gapsMax = 8
    /// What is remembered of the tree may be out of date, or the row is only in the log: it is forgotten with the
    /// first absence and each time after this many.
    private static let absencesMax = 32

    /// - Returns: `nil` if the file's own reads are out of reach, or if there is no such table.
    package init?(_ connection: borrowing Connection, table: String) {
        var file: UnsafeMutablePointer<sqlite3_file>?
        guard
            let root = try? connection.integer("SELECT rootpage FROM sqlite_schema WHERE name = '\(table)'"),
            let root = UInt32(exactly: root),
            let pageBytes = try? connection.integer("PRAGMA page_size"), (512...65536).contains(pageBytes),
            sqlite3_file_control(connection.handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK,
            let file, file.pointee.pMethods != nil
        else { return nil }
        self.file = file
        self.root = root
        self.pageBytes = Int(pageBytes)
        page = .allocate(byteCount: self.pageBytes, alignment: 16)
        inner = .allocate(byteCount: self.pageBytes * Self.innerPages, alignment: 16)
        innerNumbers = .allocate(capacity: Self.innerPages)
        innerNumbers.initialize(repeating: 0)
        // Without touching its memory, unlike `initialize`.
        places = calloc(Self.placesOfRows, MemoryLayout<UInt16>.stride).assumingMemoryBound(to: UInt16.self)
        // The byte at 20 of the file's header: SQLite allows up to 255 reserved bytes a page.
        var header = (UInt64(0), UInt64(0), UInt64(0))
        let isRead = withUnsafeMutableBytes(of: &header) {
            file.pointee.pMethods.pointee.xRead(file, $0.baseAddress, 24, 0) == SQLITE_OK
        }
        usable = self.pageBytes - (isRead ? Int(withUnsafeBytes(of: header) { $0[20] }) : self.pageBytes)
        guard usable >= 480 else { return nil }
    }

    deinit {
        page.deallocate()
        inner.deallocate()
        innerNumbers.deallocate()
        free(places)
    }

    /// The record of a row, valid until the next call; `nil` if it was not found, or goes on beyond its page.
    package func record(row: Int64) -> Record? {
        switch find(row) {
        case .here(let record):
            absences = 0
            return record
        case .overflowing:
            absences = 0
        case .absent:
            if absences % Self.absencesMax == 0 {
                innerNumbers.update(repeating: 0)
                depth = nil
            }
            absences &+= 1
        }
        return nil
    }

    /// To be said of a row that was found and did not prove itself: it is not where it once was.
    package func forget(row: Int64) { remember(0, of: row) }

    private enum Found {
        case here(Record)
        /// It is longer than a page holds.
        case overflowing
        case absent
    }

    private func find(_ row: Int64) -> Found {
        var number = root
        var below: Int64 = 0
        for level in 0..<Self.depthMax {
            if level == depth { return leafRecord(of: number, row: row, below: below) }
            guard let bytes = innerPage(number) else {
                // The first leaf that is reached says how deep they are.
                guard page[0] == Self.leafType else { return .absent }
                depth = level
                return leafRecord(of: number, row: row, below: below)
            }
            guard let child = Self.child(in: bytes, usable: usable, of: row, below: &below) else {
                return .absent
            }
            number = child
        }
        return .absent
    }

    // MARK: inner pages

    private static let innerType: UInt8 = 0x05
    private static let leafType: UInt8 = 0x0D
    private static let innerHeaderBytes = 12
    private static let leafHeaderBytes = 8

    /// - Returns: `nil` if it cannot be read, or is none; `page` has what was read then.
    private func innerPage(_ number: UInt32) -> UnsafeRawBufferPointer? {
        let first = Int(number &* 0x9E37_79B1 >> 16) % Self.innerPages
        let places = (0..<Self.placesOfAPage).lazy.map { (first + $0) % Self.innerPages }
        for place in places where innerNumbers[place] == number {
            return UnsafeRawBufferPointer(innerBytes(place))
        }
        page[0] = 0
        guard read(number, 0..<pageBytes), page[0] == Self.innerType else { return nil }
        let place = places.first { innerNumbers[$0] == 0 } ?? first
        innerBytes(place).copyMemory(from: UnsafeRawBufferPointer(page))
        innerNumbers[place] = number
        return UnsafeRawBufferPointer(innerBytes(place))
    }

    private func innerBytes(_ place: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: inner[place * pageBytes..<(place + 1) * pageBytes])
    }

    /// The child in whose range a row is, by binary search.
    /// - Parameter below: becomes the largest number that is to the left of the child, if that is known.
    private static func child(
        in page: UnsafeRawBufferPointer, usable: Int, of row: Int64, below: inout Int64
    ) -> UInt32? {
        let count = Int(page.big16(at: 3))
        guard innerHeaderBytes + 2 * count <= usable else { return nil }
        var low = 0
        var high = count
        var child = page.big32(at: 8)
        while low < high {
            let middle = (low + high) / 2
            let cell = Int(page.big16(at: innerHeaderBytes + 2 * middle))
            guard cell + 4 <= page.count else { return nil }
            var offset = cell + 4
            guard let key = page.varint(at: &offset) else { return nil }
            if key < row {
                low = middle + 1
                below = key
            } else {
                high = middle
                child = page.big32(at: cell)
            }
        }
        return child
    }

    // MARK: leaves

    private func leafRecord(of number: UInt32, row: Int64, below: Int64) -> Found {
        if let found = rememberedRecord(of: number, row: row) { return found }
        if gaps < Self.gapsMax {
            if let found = expectedRecord(of: number, row: row, index: row &- below &- 1) {
                gaps = max(0, gaps - 1)
                return found
            }
            gaps += 2
        } else if row & 63 == 0 {
            // Tried again now and then.
            gaps -= 1
        }
        return searchedRecord(of: number, row: row)
    }

    /// The row where it was when it, or one behind it in its leaf, was read last.
    /// - Returns: `nil` if it is not there.
    private func rememberedRecord(of number: UInt32, row: Int64) -> Found? {
        let start = place(of: row)
        guard start > Self.leafHeaderBytes, start < usable else { return nil }
        let likelyEnd = likelyEnd(of: start, before: place(of: row &- 1))
        guard read(number, start..<likelyEnd) else { return nil }
        return cell(at: start, readTo: likelyEnd, of: number, row: row)
    }

    private func place(of row: Int64) -> Int { Int(places[Self.index(of: row)]) }

    private func remember(_ start: Int, of row: Int64) {
        places[Self.index(of: row)] = UInt16(truncatingIfNeeded: start)
    }

    private static func index(of row: Int64) -> Int { Int(truncatingIfNeeded: row) & (placesOfRows - 1) }

    /// Cells are written from the page's end downwards: one most likely ends where the one before it begins.
    private func likelyEnd(of start: Int, before: Int) -> Int {
        before > start && before <= usable ? before : min(start + Self.likelyCellBytes, usable)
    }

    /// The row at the place that it has if no number before it is missing: two short reads instead of a page.
    /// - Returns: `nil` if it is not there.
    private func expectedRecord(of number: UInt32, row: Int64, index: Int64) -> Found? {
        guard index >= 0, index < usable / 4 else { return nil }
        let pointer = Self.leafHeaderBytes + 2 * Int(index)
        guard pointer + 2 <= usable, read(number, 0..<pointer + 2) else { return nil }
        let pointers = UnsafeRawBufferPointer(page)
        // Behind the last pointer there are those of cells that are gone.
        guard pointers[0] == Self.leafType, index < pointers.big16(at: 3) else { return nil }
        let start = Int(pointers.big16(at: pointer))
        guard start > pointer, start < usable else { return nil }
        for before in 0...index {
            let start = Int(pointers.big16(at: Self.leafHeaderBytes + 2 * Int(before)))
            remember(start, of: row &- index &+ before)
        }
        let likelyEnd = likelyEnd(of: start, before: index > 0 ? place(of: row &- 1) : usable)
        guard read(number, start..<likelyEnd) else { return nil }
        return cell(at: start, readTo: likelyEnd, of: number, row: row)
    }

    private static let likelyCellBytes = 256

    /// Searches the whole page.
    private func searchedRecord(of number: UInt32, row: Int64) -> Found {
        guard read(number, 0..<pageBytes) else { return .absent }
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(page)[..<usable])
        let count = Int(bytes.big16(at: 3))
        guard bytes[0] == Self.leafType, Self.leafHeaderBytes + 2 * count <= usable else { return .absent }
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            let start = Int(bytes.big16(at: Self.leafHeaderBytes + 2 * middle))
            var offset = start
            guard bytes.varint(at: &offset) != nil, let found = bytes.varint(at: &offset) else {
                return .absent
            }
            if found == row {
                remember(start, of: row)
                return cell(at: start, readTo: usable, of: number, row: row) ?? .absent
            }
            if found < row { low = middle + 1 } else { high = middle }
        }
        return .absent
    }

    /// - Returns: `nil` if the cell is not the row's.
    private func cell(at start: Int, readTo end: Int, of number: UInt32, row: Int64) -> Found? {
        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(page)[..<end])
        var offset = start
        guard let size = bytes.varint(at: &offset), bytes.varint(at: &offset) == row, size > 0 else {
            return nil
        }
        // The rest of it is in pages of its own.
        if size > usable - 35 { return .overflowing }
        let last = offset + Int(size)
        guard last <= usable, last <= end || read(number, end..<last) else { return nil }
        return Record(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(page)[offset..<last])).map {
            .here($0)
        }
    }

    /// Reads a part of a page to where it belongs in `page`.
    private func read(_ number: UInt32, _ part: Range<Int>) -> Bool {
        // The first page begins with the file's header, and is not a table's of ours. There is none before it, as a
        // damaged page may say: SQLite's reads take a negative offset for one of its memory mapping.
        guard number > 1 else { return false }
        let offset = (Int64(number) - 1) * Int64(pageBytes) + Int64(part.lowerBound)
        return file.pointee.pMethods.pointee.xRead(
            file, page.baseAddress! + part.lowerBound, Int32(part.count), offset) == SQLITE_OK
    }
}

/// A row's columns as SQLite writes them. Whatever is out of its bounds is absent.
package struct Record {
    package enum Column {
        case null
        case integer(Int64)
        case bytes(UnsafeRawBufferPointer)
    }

    private let bytes: UnsafeRawBufferPointer
    private let headerEnd: Int
    private var headerOffset: Int
    private var bodyOffset: Int

    fileprivate init?(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        guard let size = bytes.varint(at: &offset), size >= offset, size <= bytes.count else { return nil }
        self.bytes = bytes
        headerEnd = Int(size)
        headerOffset = offset
        bodyOffset = headerEnd
    }

    /// The columns in order; `nil` behind the last one, and where the record makes no sense.
    package mutating func next() -> Column? {
        guard headerOffset < headerEnd, let type = bytes.varint(at: &headerOffset), headerOffset <= headerEnd
        else { return nil }
        let size: Int
        switch type {
        case 0, 8, 9: size = 0
        case 1...4: size = Int(type)
        case 5: size = 6
        case 6, 7: size = 8
        case 12...: size = Int(clamping: (type - 12) / 2)
        default: return nil
        }
        guard size <= bytes.count - bodyOffset else { return nil }
        let body = UnsafeRawBufferPointer(rebasing: bytes[bodyOffset..<bodyOffset + size])
        bodyOffset += size
        switch type {
        case 0: return .null
        case 8, 9: return .integer(type - 8)
        case 1...6:
            var value = body[0] & 0x80 == 0 ? Int64(0) : -1
            for byte in body { value = value << 8 | Int64(byte) }
            return .integer(value)
        // A floating-point number, which no table of ours has.
        case 7: return nil
        default: return .bytes(body)
        }
    }

    /// Whether all columns were asked for.
    package var isAtEnd: Bool { headerOffset == headerEnd && bodyOffset == bytes.count }
}

extension UnsafeRawBufferPointer {
    fileprivate func big16(at offset: Int) -> UInt16 {
        UInt16(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    fileprivate func big32(at offset: Int) -> UInt32 {
        UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// A number of up to 9 bytes, 7 bits in each but the ninth; `nil` if it goes beyond the end.
    fileprivate func varint(at offset: inout Int) -> Int64? {
        var value: UInt64 = 0
        for position in 0..<9 {
            guard offset >= 0, offset < count else { return nil }
            let byte = self[offset]
            offset += 1
            if position == 8 { return Int64(bitPattern: value << 8 | UInt64(byte)) }
            value = value << 7 | UInt64(byte & 0x7F)
            if byte & 0x80 == 0 { break }
        }
        return Int64(bitPattern: value)
    }
}
