"""The daemon: where it is, the connections to it, and its operations."""
