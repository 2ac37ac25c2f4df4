/// A command as it goes to the server: an array of strings.
package struct RespCommand: Equatable, Sendable {
    package var arguments: [[UInt8]]

    package init(_ name: String, _ arguments: [UInt8]...) {
        self.arguments = [Array(name.utf8)] + arguments
    }

    package init(_ words: [String]) { arguments = words.map { Array($0.utf8) } }

    package init(name: String, arguments: [[UInt8]]) { self.arguments = [Array(name.utf8)] + arguments }

    /// Calls `append` with the pieces of what is sent.
    package func encode(_ append: ([UInt8]) -> Void) {
        append(Array("*\(arguments.count)\r\n".utf8))
        for argument in arguments {
            append(Array("$\(argument.count)\r\n".utf8))
            append(argument)
            append([13, 10])
        }
    }
}

extension String {
    package var wire: [UInt8] { Array(utf8) }
}

extension FixedWidthInteger {
    package var wire: [UInt8] { Array(String(self).utf8) }
}
