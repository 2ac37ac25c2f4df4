internal import MemoClient
internal import MemoWire
internal import Platform

/// What a command did: its output in the order in which it came, and its exit status. The form in which it is
/// remembered is JSON that other programs can read:
/// `{"status":0,"output":[[1,"text"],[2,{"base64":"…"}]]}`.
struct RecordedRun: Equatable {
    enum Stream: Int {
        case standardOutput = 1
        case standardError = 2
    }

    struct Chunk: Equatable {
        let stream: Stream
        var bytes: [UInt8]
    }

    /// More output than this is passed through and not kept: in base64 it would hardly fit into a request.
    static let maximumBytes = 8 << 20

    private(set) var output: [Chunk] = []
    private(set) var byteCount = 0
    /// Whether there was too much output to keep it.
    var isTooLarge: Bool { byteCount > Self.maximumBytes }
    var status: Int32 = 0

    mutating func append(_ bytes: some Collection<UInt8>, to stream: Stream) {
        byteCount += bytes.count
        if isTooLarge {
            output = []
        } else if output.last?.stream == stream {
            output[output.count - 1].bytes += bytes
        } else {
            output.append(Chunk(stream: stream, bytes: Array(bytes)))
        }
    }

    /// All that it wrote to one of them.
    func bytes(of stream: Stream) -> [UInt8] {
        output.filter { $0.stream == stream }.flatMap(\.bytes)
    }

    var json: JSONText {
        let chunks = output.map { chunk in
            JSONText(joining: [JSONText(chunk.stream.rawValue), Self.text(chunk.bytes)])
        }
        return JSONText(members: [("status", JSONText(status)), ("output", JSONText(joining: chunks))])
    }

    init() {}

    /// `nil` if the value is not a recorded run: whoever stored it, it cannot be replayed.
    init?(_ json: JSONText) {
        guard case .object = try? json.value(), let value = try? json.value(),
            let status = value["status"]?.intValue, (0...255).contains(status),
            case .array(let chunks)? = value["output"]
        else { return nil }
        self.status = Int32(status)
        for chunk in chunks {
            guard case .array(let parts) = chunk, parts.count == 2,
                let stream = parts[0].intValue.flatMap({ Stream(rawValue: Int($0)) }),
                let bytes = Self.bytes(parts[1])
            else { return nil }
            append(bytes, to: stream)
        }
    }

    private static func text(_ bytes: [UInt8]) -> JSONText {
        // Text that is mostly escapes is longer than base64.
        if let text = String(validating: bytes, as: UTF8.self).map({ JSONText(string: $0) }),
            text.bytes.count <= bytes.count * 4 / 3 + 64
        {
            return text
        }
        let encoded = String(decoding: Base64.encode(bytes), as: UTF8.self)
        return JSONText(members: [("base64", JSONText(string: encoded))])
    }

    private static func bytes(_ value: JSONValue) -> [UInt8]? {
        if let text = value.stringValue { return Array(text.utf8) }
        return value["base64"]?.stringValue.flatMap { Base64.decode($0) }
    }
}
