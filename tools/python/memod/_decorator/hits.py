"""What becomes of a value that was found, by whichever way."""

from __future__ import annotations

from .._codec.codec import Undecodable
from .lifetime import fresh_ms
from .results import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .flight import Flight
    from .lifetime import Times

_PLAIN = frozenset((float, int, str, bool, type(None)))


def take(shared: Any, flight: Flight, value: Any, cost: Any, times: Times) -> None:
    """Takes a value for a `SharedFunction`, and what it cost in ms."""
    if type(value) not in _PLAIN:
        try:
            value = decode(value, flight, shared.options.serializer)
        except Undecodable:
            flight.replace = True
            return
    if type(cost) is int:
        flight.cost_ms = cost
        shared.figures.cost_ms += cost
        shared.figures.samples += 1
    if flight.lease is not None:
        # Stale, or early: this call is the one to compute it anew.
        flight.replace = flight.has_fallback = True
        flight.fallback = value
        return
    if shared.ttl_ms is not None:
        flight.fresh_ms = fresh_ms(times, shared.ttl_ms, shared.options.stale_ms or 0)
        if flight.fresh_ms is None:
            flight.replace = True
            return
    shared.has_shared = flight.found = True
    flight.value = value
    if shared.futility.refusals:
        shared.futility.kept()
    if not flight.computed:
        flight.tally.add()
    if shared.verification.share:
        shared.verification.take(flight)
