/// A command as it goes to the server: an array of strings.
package struct RespCommand: Equatable, Sendable {
    package var arguments: [[UInt8]]

    package init(_ name: String, _ arguments: [UInt8]...) {
        self.arguments = [Array(name.utf8)] + arguments
    }

    package init(_ words: [String]) { arguments = words.map { Array($0.utf8) } }

    package init(name: String, arguments: [[UInt8]]) { self.arguments = [Array(name.utf8)] + arguments }

    /// Appends what is sent.
    package func encode(into bytes: inout [UInt8]) {
        Self.head(UInt8(ascii: "*"), arguments.count, into: &bytes)
        for argument in arguments {
            Self.head(UInt8(ascii: "$"), argument.count, into: &bytes)
            bytes.append(contentsOf: argument)
            Self.endLine(&bytes)
        }
    }

    /// Appends a command of one argument.
    package static func encode(_ name: StaticString, _ argument: [UInt8], into bytes: inout [UInt8]) {
        head(UInt8(ascii: "*"), 2, into: &bytes)
        head(UInt8(ascii: "$"), name.utf8CodeUnitCount, into: &bytes)
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        endLine(&bytes)
        head(UInt8(ascii: "$"), argument.count, into: &bytes)
        bytes.append(contentsOf: argument)
        endLine(&bytes)
    }

    private static func head(_ kind: UInt8, _ count: Int, into bytes: inout [UInt8]) {
        bytes.append(kind)
        var divisor = 1
        while count / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(count / divisor % 10))
            divisor /= 10
        }
        endLine(&bytes)
    }

    private static func endLine(_ bytes: inout [UInt8]) {
        bytes.append(13)
        bytes.append(10)
    }
}

extension String {
    package var wire: [UInt8] { Array(utf8) }
}

extension FixedWidthInteger {
    package var wire: [UInt8] { Array(String(self).utf8) }
}
