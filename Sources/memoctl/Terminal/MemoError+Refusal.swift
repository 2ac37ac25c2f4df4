internal import Glibc
internal import MemoClient

extension MemoError {
    /// Whether a socket is there that this user may not connect to.
    var isRefused: Bool { (cause as? SystemCallError)?.number == EACCES }
}
