/// The version of all that is built here, as `--version` and `hello` say it.
package enum Version {
    package static let text = "0.1.0"
}
