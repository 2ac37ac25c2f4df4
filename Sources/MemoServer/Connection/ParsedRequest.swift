public import MemoWire

/// A line of input: a request, or why it is none, which is answered in its turn.
public enum ParsedRequest {
    case request(Request)
    case failure(WireError)
}
