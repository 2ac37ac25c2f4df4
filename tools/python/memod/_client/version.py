"""The version of this client; the daemon that comes with it has the same."""

VERSION = "0.1.0"
