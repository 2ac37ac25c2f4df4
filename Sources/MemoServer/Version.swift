/// The version of the daemon, as `--version` and `hello` say it.
public enum Version {
    public static let text = "0.1.0"
}
