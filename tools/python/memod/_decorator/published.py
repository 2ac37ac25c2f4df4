"""Results that are read from the memory in which the daemon publishes hits."""

from __future__ import annotations

from .._client.connection_pool import POOL
from . import hits
from .lifetime import until_published

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .flight import Flight


def read(shared: Any, flight: Flight) -> bool:
    """Takes the value from there for a `SharedFunction` that the daemon knows of, if it is there."""
    region, name, key = POOL.region, flight.name, flight.key
    if region is None or name is None or key is None:
        return False
    if shared.prepared != name or shared.generation != POOL.generation or shared.removals.keys:
        return False  # not `is_prepared`
    function = region.functions.get(name)
    if function is None or function.reader is None or shared.early:
        return False  # whether it is time to compute it anew, only the daemon says
    # Before it is read, so that an event which follows finds the key.
    seen = shared.filter if shared.filter_name == name else shared.filter_of(name)
    flight.computed = seen.came_by(key)
    found = function.find(key)
    if found is None:
        return False
    value, cost, until, life = found
    if shared.ttl_ms is not None:
        if until is None or not life:
            return False  # how old it is, only the daemon says
        if life > shared.ttl_ms:
            until = until_published(until, life, shared.ttl_ms, shared.stale_ms)
    hits.take(shared, flight, value, cost, until)
    return True


def answered(flight: Flight) -> None:
    """The value came from the daemon."""
    if POOL.region is not None and flight.name is not None:
        POOL.region.answered(flight.name)
