"""A front written in Python, for functions whose entries end in time or whose keys are not their
arguments."""

from __future__ import annotations

import functools
import math
from collections import OrderedDict
from time import monotonic

from .._client import chance
from .._identity.keys import key_text
from .flight import Flight
from .native import CacheInfo
from .shared import SharedFunction
from .tally import Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Hashable, Optional, Tuple
    from typing_extensions import TypeAlias

_make_key: Any = functools._make_key
ABSENT: Any = object()
_PLAIN = (int, str)


class ByContent(tuple):  # type: ignore[type-arg]
    """The key of a call whose arguments have no hash: a text, which no argument is equal to."""

    def __new__(cls, text: str) -> ByContent:
        return super().__new__(cls, (_MARK, text))


_MARK = object()


#: A value, when it is over on the monotonic clock, and what it cost in seconds.
_Entry: TypeAlias = "Tuple[Any, Optional[float], float]"


class TimedFront:
    """The entries of one function in this process, least recently used first. Safe to use from several
    threads."""

    def __init__(self, shared: SharedFunction) -> None:
        self._shared = shared
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()  # guarded by the function's lock
        self._hits = 0
        self._misses = Tally()
        self._seen_again = 0  # of those that were counted twice
        options = shared.options
        #: Whether keys are made of the arguments as they are.
        self._is_plain = not (options.by_content or options.key or shared.selection or shared.typed)

    def key(self, args: Tuple[Any, ...], kwds: Dict[str, Any]) -> Hashable:
        """The key of a call; None for one that cannot be remembered. Raises `TypeError` where it has no hash, and
        does not count by what it holds."""
        if self._is_plain and not kwds:
            made: Hashable = args[0] if len(args) == 1 and type(args[0]) in _PLAIN else args
            hash(made)
            return made
        if not self._shared.options.by_content:
            return self._key(args, kwds)
        try:
            return self._key(args, kwds)
        except TypeError:
            content = self._shared.content_key(args, kwds)
            return None if content is None else ByContent(content)

    def still_is(self, key: Hashable, args: Tuple[Any, ...], kwds: Dict[str, Any]) -> bool:
        """Whether a call that has run has the key that it had."""
        return type(key) is not ByContent or self.key(args, kwds) == key

    def pass_by(self) -> None:
        """Counts a call that cannot be remembered."""
        self._misses.add()

    def _key(self, args: Tuple[Any, ...], kwds: Dict[str, Any]) -> Hashable:
        shared = self._shared
        if shared.options.key is not None:
            made = shared.options.key(*args, **kwds)
            try:
                hash(made)
            except TypeError:
                made = ByContent(key_text((made,), {})[0])
            args, kwds = (made,), {}
        elif shared.selection is not None:
            args, kwds = shared.selection.apply(args, kwds)
        if kwds or shared.typed:
            made_key: Hashable = _make_key(args, kwds, shared.typed)
        else:
            # What that makes of them, without its calls: a lone int or str stands for itself.
            made_key = args[0] if len(args) == 1 and type(args[0]) in _PLAIN else args
        hash(made_key)
        return made_key

    def look(self, key: Hashable) -> Any:
        """The value, or `ABSENT`; counts."""
        entry = self._entries.get(key)
        if entry is None:
            self._misses.add()
            return ABSENT
        with self._shared.lock:
            if self._is_over(entry):
                self._misses.add()
                if self._entries.get(key) is entry:
                    del self._entries[key]
                return ABSENT
            self._hits += 1
            try:
                self._entries.move_to_end(key)
            except KeyError:
                pass  # dropped since
            return entry[0]

    def look_again(self, key: Hashable) -> Any:
        """As `look`, for a call that was counted as a miss and has waited since."""
        with self._shared.lock:
            value = self.look(key)
            self._seen_again += 1
            return value

    def _is_over(self, entry: _Entry) -> bool:
        _, deadline, cost = entry
        if deadline is None:
            return False
        now = monotonic()
        early = self._shared.options.early
        if early:
            # XFetch (Vattani, Chierichetti, Lowenstein, 2015): the nearer the end, the likelier.
            now -= cost * early * math.log(1.0 - chance.share())
        return now >= deadline

    def keep(self, key: Hashable, flight: Flight, value: Any, fresh_ms: Optional[int], cost: float) -> None:
        """Adds an entry, unless it was removed from under the call."""
        shared = self._shared
        maxsize = shared.maxsize
        if maxsize == 0 or (fresh_ms is not None and fresh_ms <= 0):
            return
        deadline = None if fresh_ms is None else monotonic() + fresh_ms / 1000
        entries = self._entries
        with shared.lock:
            if shared.sequence != flight.sequence:
                return
            if key in entries:
                entries.move_to_end(key)
            entries[key] = value, deadline, cost
            if maxsize is not None and len(entries) > maxsize:
                entries.popitem(last=False)

    def keep_anew(
        self, args: Tuple[Any, ...], kwds: Dict[str, Any], flight: Flight, value: Any, cost: float
    ) -> None:
        """Adds what a call has computed although it was known."""
        key = self.key(args, kwds)
        if key is not None:
            self.keep(key, flight, value, self._shared.options.ttl_ms, cost)

    def info(self) -> Any:
        """The calls of this process: those that the daemon answered are hits."""
        with self._shared.lock:
            served = self._shared.tally.value()
            misses = self._misses.value() - self._seen_again - served
            return CacheInfo(self._hits + served, misses, self._shared.maxsize, len(self._entries))

    def local_hits(self) -> int:
        """Hits that the daemon does not know of."""
        return self._hits

    def drop(self) -> None:
        """Forgets the entries and keeps the counts."""
        with self._shared.lock:
            self._entries.clear()

    def clear(self) -> None:
        """Forgets the entries and the counts."""
        with self._shared.lock:
            self._entries.clear()
            self._hits = self._seen_again = 0
            self._misses = Tally()

    def forget(self, args: Tuple[Any, ...], kwds: Dict[str, Any]) -> None:
        """Forgets the entry of one call."""
        key = self.key(args, kwds)
        with self._shared.lock:
            self._entries.pop(key, None)
