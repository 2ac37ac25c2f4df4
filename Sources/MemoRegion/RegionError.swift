internal import Glibc

/// Why there is no region. The reason is for people.
package struct RegionError: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    init(errno code: Int32, doing what: String) {
        description = "the system refuses to \(what): \(String(cString: strerror(code)))"
    }
}
