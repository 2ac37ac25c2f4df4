"""Data outside a function that it reads, watched for changes."""

from __future__ import annotations

import itertools

from .plain_data import Digest, Parts, Unstable
from .snapshot import UNCHANGING, Snapshot, snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Collection, List, Optional, Set, Tuple


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


#: Stands for a name that is not bound.
MISSING: Any = _Missing()
#: How labels end of what a library's module holds.
OF_LIBRARY = ":constants"
_opaque = itertools.count()


class Constant:
    """Reads what is always the same object."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def __call__(self) -> Any:
        return self._value


class Source:
    """A name, and what it stands for: as a digest where that can be told."""

    def __init__(
        self,
        label: str,
        read: Callable[[], Any],
        take: Callable[[str, Any], Digest],
        place: Optional[Tuple[Any, Any]] = None,
        whole: bool = True,
    ) -> None:
        """`read` finds the value, `take` digests it. `place` is the namespace and the name that `read` looks
        into, if that is all it does; with several names, the value is a tuple. Unless it is to be `whole`, of objects that
        are not plain data only the identity counts."""
        self.label = label
        self.place = place
        self.digest = ""
        #: What took part in the digest, whose code counts too.
        self.classes: List[Any] = []
        #: The classes of what it holds, and the names by which that looks for attributes.
        self.kinds: Collection[type] = ()
        self.words: Collection[str] = ()
        #: What leads from its name to sets in it, once that was asked for.
        self.flows: Any = None
        #: Why there is no digest that others would have too, or "".
        self.reason = ""
        self._read = read
        self._take = take
        self._value: Any = self  # which it never is
        self._held: Optional[Snapshot] = None
        self._whole = whole

    def refresh(self) -> str:
        """The digest of what it is now. Large data are compared each time too: what is asked for or stored
        under the name of other data is wrong in every process."""
        value = self._read()
        if value is self._value:
            if type(value) in UNCHANGING or (self._held is not None and self._held.holds()):
                return self.digest
        elif type(value) is type(self._value) is str and value == self._value:
            self._value = value
            return self.digest
        held = snapshot(value, self._whole)  # before the digest, so that no change between the two is missed
        self.reason, self.classes, self.flows = "", [], None
        if value is MISSING:
            self.digest = "missing"
        else:
            try:
                self.digest, parts = self._take(self.label, value)
                self.classes, self.kinds, self.words = parts, parts.kinds, parts.words
            except Unstable as error:
                # Known by itself in this process, as long as nothing that can be seen of it changes.
                held = snapshot(value, whole=False)
                self.reason, self.digest = str(error), f"!{next(_opaque)}"
        self._value, self._held = value, held
        return self.digest

    def objects(self) -> Collection[Any]:
        """What can change in it, in the order in which it is found."""
        held = self._held
        return held.objects if held is not None and type(self._value) not in UNCHANGING else ()

    @property
    def value(self) -> Any:
        """What it was at the last look."""
        return self._value

    def is_there(self) -> bool:
        """Whether all of its names are bound."""
        value = self._value
        several = self.place is not None and type(self.place[1]) is tuple
        return all(each is not MISSING for each in value) if several else value is not MISSING

    def is_quick(self) -> bool:
        """Whether a change can be seen without taking a digest."""
        return type(self._value) in UNCHANGING or self._value is MISSING or self._held is not None

    def is_constant(self) -> bool:
        """Whether it always is the same object."""
        return type(self._read) is Constant

    def reads_same(self) -> bool:
        """Whether it is the same object."""
        return self._read() is self._value

    def may_be_written_by(self, writes: Set[str], alone: bool) -> bool:
        """Whether code that rebinds these names, or changes what they hold, has changed it. `alone` says that
        there is no other code that could have."""
        name = self.label.rpartition(":")[2].rpartition(".")[2]
        return name in writes or (alone and type(self._value) not in UNCHANGING)


def identity_of(label: str, value: Any) -> Digest:
    """For what counts elsewhere: only whether it is the same object."""
    return f"!{id(value)}", Parts()
