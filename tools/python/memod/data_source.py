"""Something outside a function that it reads, watched for changes."""

from __future__ import annotations

import time
from typing import Any, Callable, Optional, Set


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


#: Stands for a name that is not bound.
MISSING: Any = _Missing()

_UNCHANGING = (type(None), bool, int, float, complex, str, bytes)
#: Of the time a program runs, at most this part goes into comparing one large container again and again.
_EFFORT = 0.05
_CHEAP_SECONDS = 0.0002


class Source:
    """A name and what it stood for when the fingerprint was taken."""

    def __init__(
        self,
        label: str,
        read: Callable[[], Any],
        value: Any,
        digest: Optional[str],
        take: Optional[Callable[[Any], str]] = None,
    ) -> None:
        """`read` finds the value again; `take` digests it. Without a digest only the identity counts."""
        self.label = label
        self.digest = digest
        #: Whether the function itself changes it, so that its changes mean nothing.
        self.own = False
        self._read = read
        self._take = take
        self._value = value
        self._fixed = digest is None or type(value) in _UNCHANGING
        self._not_before = 0.0

    def changed(self) -> bool:
        """Whether it is no longer what it was."""
        try:
            value = self._read()
        except Exception:
            return True
        if value is self._value and self._fixed:
            return False
        if self._take is None:
            return value is not self._value
        started = time.monotonic()
        if value is self._value and started < self._not_before:
            return False
        try:
            same = self._take(value) == self.digest
        except Exception:
            return True
        taken = time.monotonic() - started
        if taken > _CHEAP_SECONDS:
            self._not_before = started + taken / _EFFORT
        if same:
            self._value = value
            self._fixed = type(value) in _UNCHANGING
        return not same

    def may_be_written_by(self, writes: Set[str]) -> bool:
        """Whether code that rebinds these names and items could have changed it."""
        name = self.label.rpartition(":")[2].rpartition(".")[2]
        return name in writes or type(self._value) not in _UNCHANGING
