"""Carries out the conversations of memoized coroutine functions without blocking their event loop."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar, Token
from time import perf_counter
from typing import Any, Dict, List, Optional, Tuple
from weakref import WeakKeyDictionary

from .._client.async_connection import AsyncConnection
from .._client.connection import Reply
from .._client.connection_pool import POOL
from .._client.errors import MemodError, Unavailable
from .._client.signals import pass_signal
from . import published
from .flight import Flight, Talk
from .shared import SharedFunction

_IDLE_MAX = 16
_idle: WeakKeyDictionary[asyncio.AbstractEventLoop, List[AsyncConnection]] = WeakKeyDictionary()
#: The connection that a flight of this task holds for its lease, if any.
_held: ContextVar[Optional[AsyncConnection]] = ContextVar("memod_held", default=None)


def has_loop() -> bool:
    """Whether there is a loop of asyncio's, which connections to the daemon need."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _connections() -> List[AsyncConnection]:
    return _idle.setdefault(asyncio.get_running_loop(), [])


async def _take() -> Optional[AsyncConnection]:
    idle = _connections()
    while idle:
        connection = idle.pop()
        if not connection.closed:
            return connection
    return await _connect()


async def _connect() -> Optional[AsyncConnection]:
    if not POOL.usable():
        return None
    try:
        return await AsyncConnection.open(client=POOL.client_name)
    except (MemodError, OSError) as error:
        POOL.failed(error)
        return None


def _keep(connection: AsyncConnection) -> None:
    idle = _connections()
    if not connection.closed and len(idle) < _IDLE_MAX:
        idle.append(connection)
    else:
        connection.close()


async def _exchange(lines: List[bytes], wait: float) -> Optional[List[Reply]]:
    held = _held.get()
    connection = held
    while True:
        fresh = connection is None and not _connections()
        if connection is None:
            connection = await _take()
        if connection is None or connection.closed:
            return None
        try:
            replies = await connection.exchange(lines, wait)
        except Unavailable as error:
            if held is None and not fresh:
                connection = None
                continue  # it ended while it was idle: a daemon may be there again
            POOL.failed(error)
            return None
        except (MemodError, OSError) as error:
            POOL.failed(error)
            return None
        POOL.worked()
        if held is None:
            _keep(connection)
        return replies


async def run(talk: Talk) -> None:
    """Sends what a conversation asks for and tells it the replies, to its end."""
    try:
        ask = next(talk)
        while True:
            ask = talk.send(await _exchange(ask.lines, ask.wait))
    except StopIteration:
        return


async def begin(
    shared: SharedFunction, args: Tuple[Any, ...], kwds: Dict[str, Any], ask: bool = True, key: Any = None
) -> Flight:
    """Looks a call up, whose `key` may be known already if it goes by content. Where the flight has found nothing, the
    caller computes, and owes `finish` or `abandon`."""
    flight = shared.take_off(args, kwds, ask, key)
    try:
        if flight.key is not None and not (ask and published.read(shared, flight)):
            await _look_up(shared, flight, ask)
    except Exception as error:
        flight.key = None
        try:
            pass_signal(error)
        except BaseException:
            _end(shared, flight)
            raise
    except BaseException:
        _end(shared, flight)
        raise
    if flight.found:
        _end(shared, flight)
        return flight
    try:
        shared.enter(flight)
    except BaseException:
        _end(shared, flight)
        raise
    flight.started = perf_counter()
    return flight


async def _look_up(shared: SharedFunction, flight: Flight, ask: bool) -> None:
    if not shared.is_prepared(flight.name):
        if not POOL.usable():
            flight.key = None
            return
        await asyncio.get_running_loop().run_in_executor(None, shared.subscribe, flight)
        if flight.key is not None:
            await run(shared.prepare(flight))
        if flight.key is None or (ask and published.read(shared, flight)):
            return
    if shared.options.single_flight and _held.get() is None:
        flight.connection = await _take()
        flight.token = _held.set(flight.connection)
    if ask:
        replies = await _exchange([shared.request(flight)], 0.0)
        if shared.judge(flight, None if replies is None else replies[0]):
            await run(shared.wait_for_another(flight))


async def finish(shared: SharedFunction, flight: Flight, result: Any) -> float:
    """Stores what was computed; returns what it cost, in seconds."""
    cost = perf_counter() - flight.started
    await conclude(shared, flight, shared.land(flight, result, cost))
    return cost


async def abandon(shared: SharedFunction, flight: Flight) -> None:
    """Ends a call whose function raised an exception or was cancelled."""
    await conclude(shared, flight, shared.give_up(flight))


async def conclude(shared: SharedFunction, flight: Flight, talk: Talk) -> None:
    """Ends a call that `begin` left open with a last conversation."""
    try:
        await run(talk)
    except Exception as error:
        pass_signal(error)  # otherwise the result is the caller's all the same
    finally:
        _end(shared, flight)


def _end(shared: SharedFunction, flight: Flight) -> None:
    flight.end_run()
    if flight.entered:
        flight.entered = False
        shared.identity.leave(False)
    token: Optional[Token[Optional[AsyncConnection]]] = flight.token
    if token is not None:
        flight.token = None
        _held.reset(token)
        if flight.connection is not None:
            _keep(flight.connection)
            flight.connection = None
