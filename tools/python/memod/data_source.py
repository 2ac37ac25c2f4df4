"""Something outside a function that it reads, watched for changes."""

from __future__ import annotations

import sys
import types
from operator import attrgetter
from typing import Any, Callable, List, Optional, Set

from .snapshot import UNCHANGING, Snapshot, snapshot


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


#: Stands for a name that is not bound.
MISSING: Any = _Missing()


class Source:
    """A name and what it stood for when the fingerprint was taken."""

    def __init__(
        self,
        label: str,
        read: Callable[[], Any],
        value: Any,
        digest: Optional[str],
        take: Optional[Callable[[Any], str]] = None,
        held: Optional[Snapshot] = None,
    ) -> None:
        """`read` finds the value again; `take` digests it. Without a digest only the identity counts. `held`
        is from before the digest, so that no change between the two is missed."""
        self.label = label
        self.digest = digest
        #: Whether the function itself changes it, so that its changes mean nothing.
        self.own = False
        self._read = read
        self._take = take
        self._value = value
        self._held = held
        self._fixed = digest is None or type(value) in UNCHANGING

    def changed(self) -> bool:
        """Whether it is no longer what it was. Large data are compared each time too: what is asked for or
        stored under the name of other data is wrong in every process."""
        try:
            value = self._read()
            if value is self._value and (self._fixed or (self._held is not None and self._held.holds())):
                return False
            if self._take is None:
                return value is not self._value
            held = snapshot(value)
            if self._take(value) != self.digest:
                return True
        except Exception:
            return True
        self._value = value
        self._held = held
        self._fixed = type(value) in UNCHANGING
        return False

    def may_be_written_by(self, writes: Set[str]) -> bool:
        """Whether code that rebinds these names and items could have changed it."""
        name = self.label.rpartition(":")[2].rpartition(".")[2]
        return name in writes or type(self._value) not in UNCHANGING


class LoadSource(Source):
    """A module that is not loaded yet."""

    def __init__(self, name: str) -> None:
        super().__init__(name, lambda: sys.modules.get(name, MISSING), MISSING, None)


class CodeSource(Source):
    """The code of functions, which tools that reload modules replace within the function. One for all of
    them, since most of what a look costs is the same for any number."""

    def __init__(self, functions: List[types.FunctionType], codes: List[types.CodeType]) -> None:
        super().__init__("code", lambda: None, None, None)
        self._functions = functions
        self._codes = codes

    def changed(self) -> bool:
        """Whether one of them does something else."""
        return list(map(attrgetter("__code__"), self._functions)) != self._codes
