"""A count that several threads add to without a lock."""

from __future__ import annotations

from itertools import count


class Tally:
    """Adding is one step of the interpreter's."""

    def __init__(self) -> None:
        #: Adds one.
        self.add = count().__next__
        self._looks = 0

    def value(self) -> int:
        """How much was added. Not for two threads at once."""
        looks = self._looks
        self._looks = looks + 1
        return self.add() - looks
