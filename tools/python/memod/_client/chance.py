"""Chance that is none of the program's: the generator of `random`, which it may have seeded, is left alone."""

from __future__ import annotations

from os import urandom

_BYTES = 6


def share() -> float:
    """A number from 0 to 1, which it never is."""
    return int.from_bytes(urandom(_BYTES), "big") / (1 << 8 * _BYTES)


def between(least: float, most: float) -> float:
    """A number from one to the other."""
    return least + (most - least) * share()
