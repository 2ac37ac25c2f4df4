extension JSONValue: CustomStringConvertible {
    /// Appends the value as JSON text without white space. The text of a `number` is written as it is.
    public func write(into output: inout ByteBuffer) {
        switch self {
        case .null: output.append("null")
        case .bool(true): output.append("true")
        case .bool(false): output.append("false")
        case .number(let text): output.append(text: text)
        case .string(let text): output.append(jsonString: text)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                element.write(into: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let members):
            output.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                output.append(jsonString: member.name)
                output.append(UInt8(ascii: ":"))
                member.value.write(into: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    /// The value as JSON text without white space.
    public var description: String {
        var output = ByteBuffer(capacity: 128)
        write(into: &output)
        return String(decoding: output.bytes, as: UTF8.self)
    }
}
