"""Which keys of a function came by in this process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any
from weakref import WeakValueDictionary

from .event_key import normal_key, normal_value

_KEYS_MAX = 1 << 16


class Seen:
    """The keys of one name, for all wrappers that go by it. Remembers a bounded number, by their hashes."""

    def __init__(self) -> None:
        self._marks: OrderedDict[int, bool] = OrderedDict()  # True where this process computed the result
        self._lock = threading.RLock()

    def computed(self, key: str) -> None:
        """This process has computed the result of a key, given as JSON text."""
        self._note(hash(normal_key(key)), True)

    def found(self, key: str) -> bool:
        """The daemon had the result. Whether that is a hit for the program: `functools` would compute again
        what this process computed and has lost since."""
        return not self._note(hash(normal_key(key)), False)

    def _note(self, mark: int, computed: bool) -> bool:
        with self._lock:
            if computed:
                self._marks[mark] = True
            known = self._marks.setdefault(mark, False)
            self._marks.move_to_end(mark)
            if len(self._marks) > _KEYS_MAX:
                self._marks.popitem(last=False)
            return known

    def may_hold(self, key: Any) -> bool:
        """Whether a key, as an event has it, may have an entry in this process."""
        return len(self._marks) >= _KEYS_MAX or hash(normal_value(key)) in self._marks

    def clear(self) -> None:
        """Forgets them all: there are no entries any more."""
        with self._lock:
            self._marks.clear()

    def reset_lock(self) -> None:
        """Makes a new lock, in a forked child."""
        self._lock = threading.RLock()


_by_name: WeakValueDictionary[str, Seen] = WeakValueDictionary()


def seen(name: str) -> Seen:
    """The keys seen of that name."""
    found = _by_name.get(name)
    if found is None:
        found = _by_name[name] = Seen()
    return found
