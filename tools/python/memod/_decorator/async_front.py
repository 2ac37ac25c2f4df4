"""The wrapper around a coroutine function. Loaded only where there is one: it needs asyncio."""

from __future__ import annotations

from typing import Any, Callable, Hashable, Tuple

from . import async_runner
from .async_calls import Calls, Circle
from .flight import Flight
from .lifetime import until_from_now
from .shared import SharedFunction
from .timed import ABSENT, TimedFront


def wrap(shared: SharedFunction, front: TimedFront) -> Any:
    """A wrapper around a coroutine function."""
    function = shared.function
    calls = Calls()

    async def compute(key: Hashable, flight: Flight, args: Any, kwds: Any) -> Any:
        try:
            result = await function(*args, **kwds)
        except Exception as error:
            await async_runner.abandon(shared, flight)
            if flight.has_fallback:
                shared.fall_back(flight, error)
                return flight.fallback
            raise
        except BaseException:
            await async_runner.abandon(shared, flight)
            raise
        cost = await async_runner.finish(shared, flight, result)
        if front.still_is(key, args, kwds):
            front.keep(key, flight, result, until_from_now(shared.ttl_ms), cost * 1000)
        return result

    async def fly(key: Hashable, args: Any, kwds: Any) -> Any:
        flight = await async_runner.begin(shared, args, kwds, True, key if shared.by_content else None)
        if flight.found:
            front.keep(key, flight, flight.value, flight.until, flight.cost_ms)
            return flight.value
        return await compute(key, flight, args, kwds)

    async def alone(key: Hashable, args: Any, kwds: Any) -> Any:
        """Under another library's loop, as trio's, the daemon is not asked."""
        flight = Flight()
        flight.sequence = shared.sequence
        result = await function(*args, **kwds)
        front.keep(key, flight, result, until_from_now(shared.ttl_ms), 0)
        return result

    async def wrapper(*args: Any, **kwds: Any) -> Any:
        key = front.key(args, kwds)
        if key is None:
            front.miss()
            return await function(*args, **kwds)
        value = front.look(key)
        if value is not ABSENT:
            return value
        if not async_runner.has_loop():
            return await alone(key, args, kwds)
        if not shared.options.single_flight or shared.maxsize == 0:
            return await fly(key, args, kwds)
        knotted = False
        try:
            while await calls.wait(key):
                value = front.look_again(key)
                if value is not ABSENT:
                    return value
        except Circle:
            knotted = True
        if knotted:  # whoever computes it waits for this call: compute it here, beside the cache
            return await function(*args, **kwds)
        begun = calls.begin(key)
        try:
            return await fly(key, args, kwds)
        finally:
            calls.end(begun)

    return wrapper


def controls(shared: SharedFunction, front: TimedFront) -> Tuple[Callable[..., Any], Callable[..., Any]]:
    """The wrapper's `forget` and `refresh`."""
    wrapped = shared.function

    async def forget(*args: Any, **kwds: Any) -> None:
        front.forget(args, kwds)
        if not async_runner.has_loop():
            return
        flight = await async_runner.begin(shared, args, kwds, ask=False)
        await async_runner.conclude(shared, flight, shared.remove(flight))

    async def refresh(*args: Any, **kwds: Any) -> Any:
        if not async_runner.has_loop():
            front.forget(args, kwds)
            return await wrapped(*args, **kwds)
        flight = await async_runner.begin(shared, args, kwds, ask=False)
        flight.replace = True
        try:
            result = await shared.function(*args, **kwds)
        except BaseException:
            await async_runner.abandon(shared, flight)
            raise
        front.forget(args, kwds)
        cost = await async_runner.finish(shared, flight, result)
        front.keep_anew(args, kwds, flight, result, cost)
        return result

    return forget, refresh
