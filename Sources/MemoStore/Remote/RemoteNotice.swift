/// Something that another machine cleared or deleted.
package struct RemoteNotice: Sendable {
    package var function: [UInt8]
    /// `nil`: all of the function.
    package var key: [UInt8]?

    package init(function: [UInt8], key: [UInt8]? = nil) {
        self.function = function
        self.key = key
    }
}
