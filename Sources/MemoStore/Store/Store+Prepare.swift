internal import Synchronization

extension Store {
    /// Copies a value for a put to come. Takes the lock for moments only.
    /// - Returns: `nil` if there is no memory: the put will find out.
    package func prepare(_ value: UnsafeRawBufferPointer) -> PreparedValue? {
        let hash = interned.hash(value)
        var others: UnsafeMutablePointer<InternTable.Block>?
        perform { _ in others = interned.find(hash, bytes: value.count) }
        if let others {
            let isSame = InternTable.value(others).isEqual(to: value)
            if isSame {
                return PreparedValue(others, isShared: true) { [self] block in
                    perform { _ in InternTable.release(block) }
                }
            }
            perform { _ in InternTable.release(others) }
        }
        return interned.make(value, hash: hash).map { PreparedValue($0, isShared: false) { _ in } }
    }
}
