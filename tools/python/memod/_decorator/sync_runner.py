"""Carries out the conversations of memoized functions over the blocking connections of the process."""

from __future__ import annotations

from time import perf_counter

from .._client.at_work import working
from .._client.connection_pool import POOL
from .._client.signals import pass_on
from . import stack_reserve
from .flight import Flight, Talk
from .published import read
from .shared import SharedFunction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Tuple


def run(talk: Talk) -> None:
    """Sends what a conversation asks for and tells it the replies, to its end."""
    try:
        ask = next(talk)
        while True:
            ask = talk.send(POOL.exchange(ask.lines, ask.wait, ask.lease))
    except StopIteration:
        return


def begin(
    shared: SharedFunction, args: Tuple[Any, ...], kwds: Dict[str, Any], ask: bool = True, key: Any = None
) -> Flight:
    """Looks a call up, whose `key` may be known already if it goes by content. Where the flight has found nothing, the
    caller computes, and owes `finish` or `abandon`.

    Raises nothing but what the arguments' own code raises past `Exception`, such as KeyboardInterrupt."""
    working.on = True
    try:
        flight = shared.take_off(args, kwds, ask, key)
        if flight.key is not None:
            try:
                if not ask or not read(shared, flight):
                    _look_up(shared, flight, ask)
            except Exception as error:
                flight.key = None
                try:
                    pass_on(error)
                except BaseException:
                    _end(shared, flight)
                    raise
            except BaseException:
                _end(shared, flight)
                raise
            if flight.found:
                return flight
        try:
            shared.enter(flight)
        except BaseException:
            _end(shared, flight)
            raise
        stack_reserve.enter()
        flight.started = perf_counter()
        return flight
    finally:
        working.on = False


def _look_up(shared: SharedFunction, flight: Flight, ask: bool) -> None:
    if not shared.is_prepared(flight.name):
        if not POOL.usable():
            flight.key = None
            return
        shared.subscribe(flight)
        if flight.key is not None:
            run(shared.prepare(flight))
        if flight.key is None or (ask and read(shared, flight)):
            return
    if ask:
        replies = POOL.exchange([shared.request(flight)], 0.0, shared.options.single_flight)
        if shared.judge(flight, None if replies is None else replies[0]):
            run(shared.wait_for_another(flight))


def finish(shared: SharedFunction, flight: Flight, result: Any) -> float:
    """Stores what was computed; returns what it cost, in seconds."""
    cost = perf_counter() - flight.started
    conclude(shared, flight, shared.land(flight, result, cost))
    return cost


def abandon(shared: SharedFunction, flight: Flight) -> None:
    """Ends a call whose function raised an exception."""
    conclude(shared, flight, shared.give_up(flight))


def conclude(shared: SharedFunction, flight: Flight, talk: Talk) -> None:
    """Ends a call that `begin` left open with a last conversation."""
    working.on = True
    try:
        stack_reserve.leave()
        run(talk)
    except Exception as error:
        pass_on(error)  # otherwise the result is the caller's all the same
    finally:
        try:
            _end(shared, flight)
        finally:
            working.on = False


def _end(shared: SharedFunction, flight: Flight) -> None:
    flight.end_run()
    if flight.entered:
        flight.entered = False
        shared.identity.leave(False)
    if flight.holds:
        flight.holds = False
        POOL.let_go()
