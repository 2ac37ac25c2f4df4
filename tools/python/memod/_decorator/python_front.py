"""The wrapper around a function that has a `TimedFront`."""

from __future__ import annotations

import types
from _thread import get_ident

from .._client.at_work import working
from . import sync_runner
from .lifetime import until_from_now
from .shared import SharedFunction
from .timed import ABSENT, LONE, TimedFront

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Set


def wrap(shared: SharedFunction, front: TimedFront) -> Any:
    """A wrapper around a function that returns its result."""
    function = shared.function
    key_of, find, take, miss, keep = front.key, front.entries.get, front.take, front.miss, front.keep
    by_content = shared.by_content
    is_plain = front.is_plain and not by_content
    begin, finish, abandon = sync_runner.begin, sync_runner.finish, sync_runner.abandon

    def wrapper(*args: Any, **kwds: Any) -> Any:
        if working.on:
            return function(*args, **kwds)
        if is_plain and not kwds:  # as `key_of` does
            key = args[0] if len(args) == 1 and type(args[0]) in LONE else args
        else:
            key = key_of(args, kwds)
            if key is None:
                miss()
                return function(*args, **kwds)
        entry = find(key)
        if entry is None:
            miss()
        else:
            value = take(key, entry)
            if value is not ABSENT:
                return value
        flight = begin(shared, args, kwds, True, key if by_content else None)
        if flight.found:
            keep(key, flight, flight.value, flight.until, flight.cost_ms)
            return flight.value
        try:
            result = function(*args, **kwds)
        except Exception as error:
            abandon(shared, flight)
            if flight.has_fallback:
                shared.fall_back(flight, error)
                return flight.fallback
            raise
        except BaseException:
            abandon(shared, flight)
            raise
        cost = finish(shared, flight, result)
        if front.still_is(key, args, kwds):
            keep(key, flight, result, until_from_now(shared.ttl_ms), cost * 1000)
        return result

    return wrapper if type(function) is types.FunctionType else _in_its_own_place(function, wrapper)


def _in_its_own_place(function: Any, wrapper: Any) -> Any:
    """For what is no Python code, such as `len`, whose memoized form the program may put in its place: what memod's own code
    calls it for, on behalf of a call, is simply computed."""
    at_work: Set[int] = set()

    def guarded(*args: Any, **kwds: Any) -> Any:
        thread = get_ident()
        if thread in at_work:
            return function(*args, **kwds)
        at_work.add(thread)
        try:
            return wrapper(*args, **kwds)
        finally:
            at_work.discard(thread)

    return guarded
