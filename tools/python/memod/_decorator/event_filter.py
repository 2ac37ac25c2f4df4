"""Which keys of a function came by in this process."""

from __future__ import annotations

from itertools import islice
from _thread import RLock
from weakref import WeakValueDictionary

from .event_key import mark_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

_KEYS_MAX = 1 << 16


class EventFilter:
    """The keys of one name, for all wrappers that go by it. Remembers a bounded number, by their marks."""

    def __init__(self) -> None:
        # True where this process computed the result.
        self._marks: Dict[int, bool] = {}
        #: Those of before the last `clear`: a result may have been on its way into the process meanwhile.
        self._older: Dict[int, bool] = {}
        self._partial = self._older_partial = False
        self._lock = RLock()

    def computed(self, key: str) -> None:
        """This process has computed the result of a key, given as JSON text."""
        self._marks[hash(key)] = True
        self._bound()

    def came_by(self, key: str) -> bool:
        """A key may get an entry soon. Whether this process has computed its result before: `functools` would
        compute again what it has lost since, so that a hit in the daemon is none for the program."""
        computed = self._marks.setdefault(hash(key), False)
        if len(self._marks) > _KEYS_MAX:
            self._bound()
        return computed

    def _bound(self) -> None:
        with self._lock:
            if len(self._marks) > _KEYS_MAX:
                self._partial = True
                for mark in list(islice(self._marks, _KEYS_MAX // 2)):
                    del self._marks[mark]

    def may_hold(self, key: Any) -> bool:
        """Whether a key, as an event has it, may have an entry in this process."""
        if self._partial or self._older_partial:
            return True
        mark = mark_of(key)
        return mark is None or mark in self._marks or mark in self._older

    def clear(self) -> None:
        """There are no entries any more, but for those on their way."""
        with self._lock:
            self._older, self._older_partial = self._marks, self._partial
            self._marks, self._partial = {}, False

    def reset_lock(self) -> None:
        """Makes a new lock, in a forked child."""
        self._lock = RLock()


_by_name: WeakValueDictionary[str, EventFilter] = WeakValueDictionary()


def filter_named(name: str) -> EventFilter:
    """The one for all wrappers of that name."""
    found = _by_name.get(name)
    if found is None:
        found = _by_name[name] = EventFilter()
    return found


def clear(name: str) -> None:
    """There are no entries of that name any more."""
    found = _by_name.get(name)
    if found is not None:
        found.clear()
