"""Something outside a function that it reads, watched for changes."""

from __future__ import annotations

import sys
import types
from operator import attrgetter
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

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
        self._hold(value, held)

    def _hold(self, value: Any, held: Optional[Snapshot]) -> None:
        self._value = value
        self._held = held
        # Of what has an empty digest and cannot be looked into, only the identity counts too.
        opaque = self.digest is None or (self.digest == "" and held is None)
        self._fixed = opaque or type(value) in UNCHANGING

    def changed(self) -> bool:
        """Whether it is no longer what it was. Large data are compared each time too: what is asked for or
        stored under the name of other data is wrong in every process."""
        try:
            value = self._read()
            if value is self._value and (self._fixed or (self._held is not None and self._held.holds())):
                return False
            if self._take is None:
                return value is not self._value
            if type(value) is type(self._value) is str and value == self._value:
                return False
            held = snapshot(value)
            if self._take(value) != self.digest:
                return True
        except Exception:
            return True
        self._hold(value, held)
        return False

    def may_be_written_by(self, writes: Set[str], alone: bool) -> bool:
        """Whether code that rebinds these names, or changes what they hold, has changed it. `alone` says that
        there is no other code that could have."""
        name = self.label.rpartition(":")[2].rpartition(".")[2]
        return name in writes or (alone and type(self._value) not in UNCHANGING)


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


class LinkSource(Source):
    """What functions read of the modules of libraries, which tests and patches replace there. One for all of
    it, as for code."""

    def __init__(self) -> None:
        super().__init__("library", lambda: None, None, None)
        self.links: List[Tuple[Dict[str, Any], str, Any]] = []

    def watch(self, space: Dict[str, Any], name: str) -> Any:
        """Adds what goes by a name in a module's namespace, and returns it. What is not there yet will be
        what the library makes it."""
        value = space.get(name, MISSING)
        if value is not MISSING:
            self.links.append((space, name, value))
        return value

    def changed(self) -> bool:
        """Whether one of them is another object."""
        for space, name, value in self.links:
            if space.get(name) is not value:
                return True
        return False
