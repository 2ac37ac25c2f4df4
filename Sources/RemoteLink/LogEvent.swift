/// A line of the log: what some host invalidated.
package struct LogEvent: Equatable, Sendable {
    package enum Subject: Equatable, Sendable {
        case raised(EpochField, Epoch)
        case deleted(function: [UInt8], key: [UInt8])
    }

    package var subject: Subject
    /// The run of memod that wrote it.
    package var instance: UInt64

    package init(_ subject: Subject, instance: UInt64) {
        self.subject = subject
        self.instance = instance
    }
}

extension FrameWriter {
    mutating func event(_ event: LogEvent) {
        switch event.subject {
        case .raised(let field, let epoch):
            byte(1)
            string(field.bytes)
            number(epoch)
        case .deleted(let function, let key):
            byte(2)
            string(function)
            string(key)
        }
        number(event.instance)
    }
}

extension FrameReader {
    mutating func event() throws(FrameError) -> LogEvent {
        switch try byte() {
        case 1: LogEvent(.raised(try field(), try number()), instance: try number())
        case 2: LogEvent(.deleted(function: try string(), key: try string()), instance: try number())
        case let number: throw FrameError("an event of kind \(number)")
        }
    }
}
