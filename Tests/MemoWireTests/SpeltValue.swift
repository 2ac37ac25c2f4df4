internal import TestSupport

/// A JSON value that can be written in many ways.
indirect enum SpeltValue {
    case literal(String)
    case integer(Int)
    case string([Unicode.Scalar])
    case array([SpeltValue])
    case object([([Unicode.Scalar], SpeltValue)])

    static func random(using generator: inout JSONGenerator, depth: Int = 3) -> SpeltValue {
        switch Int.random(in: 0..<(depth > 0 ? 6 : 3), using: &generator.random) {
        case 0: .literal(generator.random.pick(["true", "false", "null"]))
        case 1: .integer(Int.random(in: -2000...2000, using: &generator.random))
        case 2: .string(scalars(&generator))
        case 3:
            .array(
                (0..<Int.random(in: 0...3, using: &generator.random)).map { _ in
                    random(using: &generator, depth: depth - 1)
                })
        default:
            .object(
                (0..<Int.random(in: 0...4, using: &generator.random)).map { index in
                    // A last character of its own makes names differ.
                    (
                        scalars(&generator) + [Unicode.Scalar(UInt8(65 + index))],
                        random(using: &generator, depth: depth - 1)
                    )
                })
        }
    }

    private static func scalars(_ generator: inout JSONGenerator) -> [Unicode.Scalar] {
        let choices: [Unicode.Scalar] = [
            "a", "b", "\"", "\\", "/", "\n", "\u{0}", "\u{1F}", "é", "日", "😀", "\u{7F}",
        ]
        return (0..<Int.random(in: 0...4, using: &generator.random)).map { _ in generator.random.pick(choices)
        }
    }

    /// A value that differs in one place.
    func changed(_ generator: inout JSONGenerator) -> SpeltValue {
        switch self {
        case .literal(let text): return .literal(text == "null" ? "false" : "null")
        case .integer(let value): return .integer(value + 1)
        case .string(let scalars): return .string(scalars + ["!"])
        case .array(var elements):
            guard let last = elements.popLast() else { return .array([.array([])]) }
            return .array(elements + [last.changed(&generator)])
        case .object(var members):
            guard let (name, value) = members.popLast() else { return .array([]) }
            if generator.random.chance(50) { return .object(members + [(name + ["~"], value)]) }
            return .object(members + [(name, value.changed(&generator))])
        }
    }

    func spell(_ generator: inout JSONGenerator) -> String {
        switch self {
        case .literal(let text): return text
        case .integer(let value): return Self.spell(value, &generator)
        case .string(let scalars): return Self.spell(scalars, &generator)
        case .array(let elements):
            let texts = elements.map {
                Self.space(&generator) + $0.spell(&generator) + Self.space(&generator)
            }
            return "[" + texts.joined(separator: ",") + Self.space(&generator) + "]"
        case .object(let members):
            let texts = members.shuffled(using: &generator.random).map { name, value in
                Self.space(&generator) + Self.spell(name, &generator) + Self.space(&generator) + ":"
                    + Self.space(&generator) + value.spell(&generator)
            }
            return "{" + texts.joined(separator: ",") + Self.space(&generator) + "}"
        }
    }

    private static func space(_ generator: inout JSONGenerator) -> String {
        generator.random.pick(["", "", "", " ", "\t "])
    }

    private static func spell(_ value: Int, _ generator: inout JSONGenerator) -> String {
        switch Int.random(in: 0..<5, using: &generator.random) {
        case 0: "\(value).0"
        case 1: "\(value)e0"
        case 2: value == 0 ? "0.000E-3" : "\(value)000E-3"
        case 3: value % 10 == 0 ? "\(value / 10)e+1" : "\(value)"
        default: value == 0 ? "-0" : "\(value)"
        }
    }

    private static func spell(_ scalars: [Unicode.Scalar], _ generator: inout JSONGenerator) -> String {
        var text = "\""
        for scalar in scalars {
            let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
            if mustEscape || generator.random.chance(30) {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16, uppercase: generator.random.chance(50))
                    text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
