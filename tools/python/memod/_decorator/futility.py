"""Functions whose results cannot be kept, again and again: to look each of them up takes time for nothing."""

from __future__ import annotations

_IN_A_ROW = 32
_SKIPPED_MAX = 64


class Futility:
    """Of one function. What threads miscount costs a look-up more or less."""

    def __init__(self, bearable: bool) -> None:
        """It is `bearable` where a look-up is of use without a result, as one that waits for another process."""
        self._bearable = bearable
        #: Results that could not be kept, in a row.
        self.refusals = 0
        #: How many calls are not worth a look-up from now on.
        self.left_out = 0

    def leaves_out(self) -> bool:
        """Whether this call is not worth a look-up: ever fewer are, down to one in 65."""
        if not self.left_out:
            return False
        self.left_out -= 1
        return True

    def refused(self) -> None:
        """A result could not be kept."""
        self.refusals += 1
        if not self._bearable:
            self.left_out = max(0, min(self.refusals - _IN_A_ROW, _SKIPPED_MAX))

    def kept(self) -> None:
        """A result was found, or could be kept."""
        self.refusals = self.left_out = 0
