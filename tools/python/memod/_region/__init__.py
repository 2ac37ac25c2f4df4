"""Hits that are read from memory which the daemon publishes, without asking it."""
