/// Something that another machine cleared or deleted.
package struct RemoteNotice: Sendable {
    package var function: [UInt8]
    /// `nil`: all of the function.
    package var key: [UInt8]?
}
