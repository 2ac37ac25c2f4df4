"""The interpreter's own LRU cache as the front of a memoized function: a hit costs what it costs there."""

from __future__ import annotations

import functools
import weakref

from .._client.at_work import working
from . import sync_runner
from .shared import SharedFunction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional

#: functools' named tuple, the very type.
CacheInfo = functools._CacheInfo
_Wrapper: Any = functools._lru_cache_wrapper
_native_info = _Wrapper.cache_info
_native_clear = _Wrapper.cache_clear


class NativeFront:
    """Counts for one of functools' wrappers. It holds the wrapper weakly, so that there is no cycle and the
    wrapper goes when its last user does, as functools' does."""

    def __init__(self, shared: SharedFunction) -> None:
        self._shared = shared
        self._wrapper: Callable[[], Any] = lambda: None
        self._hits = 0  # of before the last drop
        self._misses = 0

    def wrap(self) -> Any:
        """A new wrapper, of functools' own type."""
        shared = self._shared
        function = shared.function
        target = function if shared.process_reason is not None else _filler(shared)
        wrapper = _Wrapper(target, shared.maxsize, shared.typed, CacheInfo)
        self._wrapper = weakref.ref(wrapper)
        return wrapper

    def _native(self) -> Any:
        wrapper = self._wrapper()
        return CacheInfo(0, 0, self._shared.maxsize, 0) if wrapper is None else _native_info(wrapper)

    def info(self) -> Any:
        """The calls of this process: those that the daemon answered are hits."""
        with self._shared.lock:
            native, served = self._native(), self._shared.tally.value()
            return CacheInfo(
                self._hits + native.hits + served,
                self._misses + native.misses - served,
                native.maxsize,
                native.currsize,
            )

    def local_hits(self) -> int:
        """Hits that the daemon does not know of."""
        return int(self._hits + self._native().hits)

    def drop(self) -> None:
        """Forgets the entries and keeps the counts."""
        wrapper = self._wrapper()
        if wrapper is not None:
            native = _native_info(wrapper)
            _native_clear(wrapper)
            self._hits += native.hits
            self._misses += native.misses

    def clear(self) -> None:
        """Forgets the entries and the counts."""
        wrapper = self._wrapper()
        if wrapper is not None:
            _native_clear(wrapper)
        self._hits = self._misses = 0

    def forget(self, args: Any, kwds: Any) -> None:
        """Forgets one entry, and with it, for want of a way to name it, all others: they are in the
        daemon."""
        self.drop()

    def recompute(self, args: Any, kwds: Any) -> Any:
        """Calls the wrapper with nothing in it."""
        self.drop()
        wrapper = self._wrapper()
        return self._shared.function(*args, **kwds) if wrapper is None else wrapper(*args, **kwds)


def _filler(shared: SharedFunction) -> Callable[..., Any]:
    function = shared.function
    begin, finish, abandon = sync_runner.begin, sync_runner.finish, sync_runner.abandon

    def fill(*args: Any, **kwds: Any) -> Any:
        if working.on:
            return function(*args, **kwds)
        flight = begin(shared, args, kwds)
        if flight.found:
            return flight.value
        try:
            result = function(*args, **kwds)
        except BaseException as error:
            abandon(shared, flight)
            if flight.has_fallback and isinstance(error, Exception):
                shared.fall_back(flight, error)
                return flight.fallback
            raise
        finish(shared, flight, result)
        return result

    return fill


def maxsize_of(maxsize: Optional[int]) -> Optional[int]:
    """As functools reads it: a negative one is 0."""
    return None if maxsize is None else max(maxsize, 0)
