/// What the daemon would find wrong with a key, found before it is sent.
package enum KeyCheck {
    /// - Parameter key: one JSON value.
    /// - Returns: the fault, with its byte counted from the beginning of the key; `nil` if there is none.
    package static func fault(in key: [UInt8]) -> String? {
        // The reader of arrays says what a scanner saw in an element.
        let list = [UInt8(ascii: "[")] + key + [UInt8(ascii: "]")]
        return list.withUnsafeBytes { list in
            guard var elements = JSONElements(list), let element = elements.next() else { return nil }
            var canonicalizer = KeyCanonicalizer()
            var arena = Arena()
            let start =
                element.text.baseAddress.flatMap { text in list.baseAddress.map { text - $0 - 1 } } ?? 0
            do throws(KeyCanonicalizer.Fault) {
                _ = try canonicalizer.canonicalize(element.text, traits: element.traits, arena: &arena)
                return nil
            } catch {
                return describe(error, element.text, start)
            }
        }
    }

    private static func describe(_ fault: KeyCanonicalizer.Fault, _ text: Bytes, _ start: Int) -> String {
        switch fault {
        case .repeatedMember(let offset):
            var scanner = JSONScanner(text)
            scanner.position = offset
            guard (try? scanner.skipString()) != nil else {
                return "a member is repeated at byte \(start + offset)"
            }
            let name = String(decoding: text[(offset + 1)..<(scanner.position - 1)], as: UTF8.self)
            return "member \"\(name)\" is repeated at byte \(start + offset)"
        case .unpairedSurrogate(let offset): return "unpaired surrogate at byte \(start + offset)"
        case .exponent(let offset):
            return "the number at byte \(start + offset) has an exponent beyond \(WireLimits.keyExponent)"
        case .tooLarge: return "it is longer than \(WireLimits.keyBytes) bytes"
        }
    }
}
