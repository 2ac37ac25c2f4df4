"""A front written in Python, for functions whose entries end in time or whose keys are not their
arguments."""

from __future__ import annotations

import functools
import math
from collections import OrderedDict

from .._client import chance
from .._identity.keys import key_text
from .._region.region import boot_ms
from .content import ByContent
from .flight import Flight
from .lifetime import until_from_now
from .native import CacheInfo
from .shared import SharedFunction
from .tally import Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Hashable, Optional, Tuple, Union
    from typing_extensions import TypeAlias

_make_key: Any = functools._make_key
ABSENT: Any = object()
#: A lone argument of these types is its own key, as in functools.
LONE = frozenset((int, str))


#: A value, when it is over on the clock of `boot_ms`, and what it cost in ms.
Entry: TypeAlias = "Tuple[Any, Optional[int], float]"


class TimedFront:
    """The entries of one function in this process; where it has a `maxsize`, least recently used first. Safe to use from
    several threads."""

    def __init__(self, shared: SharedFunction) -> None:
        self._shared = shared
        #: By key. Changed under the function's lock, by this alone.
        self.entries: Union[Dict[Hashable, Entry], OrderedDict[Hashable, Entry]]
        self.entries = {} if shared.maxsize is None else OrderedDict()
        self._hits, self._misses = Tally(), Tally()
        self._seen_again = 0  # of those that were counted twice
        options = shared.options
        #: Whether keys are made of the arguments as they are.
        self.is_plain = not (options.key or shared.selection or shared.typed)

    def key(self, args: Tuple[Any, ...], kwds: Dict[str, Any]) -> Hashable:
        """The key of a call; None for one that cannot be remembered. Where it has no hash, and does not count by what it
        holds, here or in the look for it there is a `TypeError`."""
        by_content = self._shared.by_content
        try:
            if kwds or not self.is_plain:
                return self._key(args, kwds)
            made: Hashable = args[0] if len(args) == 1 and type(args[0]) in LONE else args
            if by_content:
                hash(made)  # of others it is told by whoever looks for it
            return made
        except TypeError:
            if not by_content:
                raise
            return self._shared.content_key(args, kwds)

    def still_is(self, key: Hashable, args: Tuple[Any, ...], kwds: Dict[str, Any]) -> bool:
        """Whether a call that has run has the key that it had."""
        return type(key) is not ByContent or self.key(args, kwds) == key

    def miss(self) -> None:
        """Counts a call for which there is no entry."""
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
            made_key = args[0] if len(args) == 1 and type(args[0]) in LONE else args
        hash(made_key)
        return made_key

    def look(self, key: Hashable) -> Any:
        """The value, or `ABSENT`; counts."""
        entry = self.entries.get(key)
        if entry is None:
            self.miss()
            return ABSENT
        return self.take(key, entry)

    def take(self, key: Hashable, entry: Entry) -> Any:
        """The value of an entry that was found, or `ABSENT`; counts."""
        value, until, cost = entry
        if until is not None and self._is_over(until, cost):
            self._misses.add()
            with self._shared.lock:
                if self.entries.get(key) is entry:
                    del self.entries[key]
            return ABSENT
        self._hits.add()
        if self._shared.maxsize is not None:
            with self._shared.lock:
                if key in self.entries:
                    self.entries.move_to_end(key)  # type: ignore[union-attr]
        return value

    def look_again(self, key: Hashable) -> Any:
        """As `look`, for a call that was counted as a miss and has waited since."""
        with self._shared.lock:
            value = self.look(key)
            self._seen_again += 1
            return value

    def _is_over(self, until: int, cost: float) -> bool:
        now: float = boot_ms()
        early = self._shared.early
        if early:
            # XFetch (Vattani, Chierichetti, Lowenstein, 2015): the nearer the end, the likelier.
            now -= cost * early * math.log(1.0 - chance.share())
        return now >= until

    def keep(self, key: Hashable, flight: Flight, value: Any, until: Optional[int], cost: float) -> None:
        """Adds an entry, unless it was removed from under the call."""
        shared = self._shared
        entries, maxsize = self.entries, shared.maxsize
        if maxsize == 0 or until == 0:
            return
        with shared.lock:
            if shared.sequence != flight.sequence:
                return
            if maxsize is not None:
                entries.pop(key, None)
                if len(entries) == maxsize:
                    entries.popitem(last=False)  # type: ignore[call-arg]
            entries[key] = value, until, cost

    def keep_anew(
        self, args: Tuple[Any, ...], kwds: Dict[str, Any], flight: Flight, value: Any, cost: float
    ) -> None:
        """Adds what a call has computed although it was known."""
        key = self.key(args, kwds)
        if key is not None:
            self.keep(key, flight, value, until_from_now(self._shared.ttl_ms), cost * 1000)

    def info(self) -> Any:
        """The calls of this process: those that the daemon answered are hits."""
        with self._shared.lock:
            served = self._shared.tally.value()
            misses = self._misses.value() - self._seen_again - served
            return CacheInfo(self._hits.value() + served, misses, self._shared.maxsize, len(self.entries))

    def local_hits(self) -> int:
        """Hits that the daemon does not know of."""
        return self._hits.value()

    def drop(self) -> None:
        """Forgets the entries and keeps the counts."""
        with self._shared.lock:
            self.entries.clear()

    def clear(self) -> None:
        """Forgets the entries and the counts."""
        with self._shared.lock:
            self.entries.clear()
            self._hits, self._misses = Tally(), Tally()
            self._seen_again = 0

    def forget(self, args: Tuple[Any, ...], kwds: Dict[str, Any]) -> None:
        """Forgets the entry of one call."""
        key = self.key(args, kwds)
        with self._shared.lock:
            self.entries.pop(key, None)
