"""The wrapper around a function that has a `TimedFront`."""

from __future__ import annotations

from .._client.at_work import working
from . import sync_runner
from .shared import SharedFunction
from .timed import ABSENT, TimedFront

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def wrap(shared: SharedFunction, front: TimedFront) -> Any:
    """A wrapper around a function that returns its result."""
    function = shared.function
    key_of, look, keep = front.key, front.look, front.keep
    begin, finish, abandon = sync_runner.begin, sync_runner.finish, sync_runner.abandon

    def wrapper(*args: Any, **kwds: Any) -> Any:
        if working.on:
            return function(*args, **kwds)
        key = key_of(args, kwds)
        if key is None:
            front.pass_by()
            return function(*args, **kwds)
        value = look(key)
        if value is not ABSENT:
            return value
        flight = begin(shared, args, kwds)
        if flight.found:
            keep(key, flight, flight.value, flight.fresh_ms, flight.cost_ms / 1000)
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
            keep(key, flight, result, shared.options.ttl_ms, cost)
        return result

    return wrapper
