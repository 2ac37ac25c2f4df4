/// How much is done while the store's lock is held: what bounds how long others wait for it, whatever is asked for. A unit
/// takes some 0.2 µs: an entry that goes, a tag that is borne, a kilobyte that is copied.
package struct WorkMeter: Sendable {
    /// Since the lock was taken.
    package private(set) var units = 0
    /// The most that was done at once since the start.
    package private(set) var most = 0

    @inline(__always)
    package mutating func spend(_ units: Int) { self.units &+= units }

    @inline(__always)
    package mutating func spend(bytes: Int) { units &+= bytes &>> 10 }

    /// The lock is about to be released.
    @inline(__always)
    mutating func end() {
        if units > most { most = units }
        units = 0
    }
}
