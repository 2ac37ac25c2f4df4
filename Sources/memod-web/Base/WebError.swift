/// What stops this program, for people.
struct WebError: Error {
    let message: String
    /// As `sysexits.h` has it: 64 for wrong usage.
    var status: Int32 = 1
}
