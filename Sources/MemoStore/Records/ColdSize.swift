/// What an entry takes on disk.
enum ColdSize {
    static let page = 8192
    /// Both rows without key and value, and the cells around them: measured.
    static let overhead = 112

    static func bytes(_ payload: Payload) -> Int {
        bytes(key: payload.key.count, value: payload.value.count)
    }

    /// What a page's cell keeps at least of a record that goes on in pages of its own, and at most (section 1.6 of
    /// SQLite's "Database File Format").
    private static let localLeast = (page - 12) * 32 / 255 - 23
    private static let localMost = page - 35

    static func bytes(key: Int, value: Int) -> Int {
        let record = overhead + key + value
        if record <= page { return share(record) }
        let bytesOfNext = page - 4
        var local = localLeast + (record - localLeast) % bytesOfNext
        if local > localMost { local = localLeast }
        return share(local) + (record - local + bytesOfNext - 1) / bytesOfNext * page
    }

    /// Cells do not go on in the next page: large ones leave some of theirs free.
    private static func share(_ cell: Int) -> Int {
        cell <= page / 8 ? cell : page / max(1, page / cell)
    }
}
