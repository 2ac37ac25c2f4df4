internal import MemoWire

/// One request as it goes over the wire, its end included.
public struct RequestLine: Sendable {
    private var text: [UInt8]

    init(_ operation: Operation) {
        text = Array("{\"op\":\"\(operation.rawValue)\"".utf8)
    }

    /// An object within a request.
    init() {
        text = [0x7B]
    }

    /// The line, its LF included.
    public var bytes: [UInt8] { text + Array("}\n".utf8) }

    /// Only the object.
    var object: [UInt8] { text + [0x7D] }

    mutating func add(_ name: StaticString, string: String?) {
        guard let string else { return }
        begin(name)
        text.append(jsonString: string)
    }

    mutating func add(_ name: StaticString, json: JSONText?) {
        guard let json else { return }
        begin(name)
        text += json.bytes
    }

    mutating func add(_ name: StaticString, number: (some FixedWidthInteger)?) {
        guard let number else { return }
        begin(name)
        text += Array(String(number).utf8)
    }

    mutating func add(_ name: StaticString, number: Double?) {
        guard let number else { return }
        begin(name)
        text += Array(String(number).utf8)
    }

    /// A duration in whole milliseconds: rounded up, so that a very short one does not become none.
    mutating func add(_ name: StaticString, _ duration: Duration?) {
        guard let duration else { return }
        let whole = duration.milliseconds
        let isMore = duration > .milliseconds(whole) && whole < Duration.maximumMilliseconds
        add(name, number: max(0, isMore ? whole + 1 : whole))
    }

    mutating func add(_ name: StaticString, _ limit: Limit?) {
        switch limit {
        case nil: return
        case .unlimited: addNull(name)
        case .entries(let number): add(name, number: number)
        }
    }

    mutating func add(_ name: StaticString, _ sharing: Sharing?) {
        guard let sharing else { return }
        begin(name)
        sharing.json.withUTF8Buffer { text += $0 }
    }

    mutating func add(_ name: StaticString, _ lifetime: Lifetime?) {
        switch lifetime {
        case nil: return
        case .forever: addNull(name)
        case .lasting(let duration): add(name, duration)
        }
    }

    /// A flag that is left out if it is false.
    mutating func add(_ name: StaticString, flag: Bool) {
        guard flag else { return }
        add(name, bool: true)
    }

    mutating func add(_ name: StaticString, bool: Bool?) {
        guard let bool else { return }
        begin(name)
        text += Array((bool ? "true" : "false").utf8)
    }

    mutating func add(_ name: StaticString, strings: [String]) {
        guard !strings.isEmpty else { return }
        add(name, list: strings) { text, string in text.append(jsonString: string) }
    }

    mutating func add<Element>(
        _ name: StaticString, list: [Element], _ append: (inout [UInt8], Element) -> Void
    ) {
        begin(name)
        text.append(0x5B)
        for (index, element) in list.enumerated() {
            if index > 0 { text.append(0x2C) }
            append(&text, element)
        }
        text.append(0x5D)
    }

    private mutating func addNull(_ name: StaticString) {
        begin(name)
        text += Array("null".utf8)
    }

    private mutating func begin(_ name: StaticString) {
        text += Array((text.count > 1 ? ",\"" : "\"").utf8)
        name.withUTF8Buffer { text += $0 }
        text += Array("\":".utf8)
    }
}
