/// Additions to the first version of the protocol, as `hello` names them. A new field is sent only to a daemon that has
/// its addition.
package enum Feature: String {
    case history, pattern, verify
}
