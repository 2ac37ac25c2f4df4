"""What becomes of a value that was found, by whichever way."""

from __future__ import annotations

from .._codec.codec import Undecodable
from .results import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from .flight import Flight

_PLAIN = frozenset((float, int, str, bool, type(None)))


def take(shared: Any, flight: Flight, value: Any, cost: Any, until: Optional[int]) -> None:
    """Takes a value for a `SharedFunction`, what it cost in ms, and until when it is fresh if the function has a `ttl`."""
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
        if until is None:
            flight.replace = True
            return
        flight.until = until
    shared.has_shared = flight.found = True
    flight.value = value
    if shared.futility.refusals:
        shared.futility.kept()
    if not flight.computed:
        flight.tally.add()
    if shared.verification.share:
        shared.verification.take(flight)
