internal import Glibc

/// A system call's error: the number and what `strerror` calls it.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    package let number: Int32

    package init(number: Int32) { self.number = number }

    /// The calling thread's `errno`.
    package static var last: SystemError { SystemError(number: errno) }

    package var description: String {
        var text = [CChar](repeating: 0, count: 256)
        guard strerror_r(number, &text, text.count) == 0 else { return "error \(number)" }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
