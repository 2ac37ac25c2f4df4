/// Whether a function's results go to other machines and come from there.
enum Sharing: UInt8 {
    case none, readOnly, full
}
