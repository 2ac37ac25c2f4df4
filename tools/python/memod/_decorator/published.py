"""Results that are read from the memory in which the daemon publishes hits."""

from __future__ import annotations

from typing import Any

from .._client.connection_pool import POOL
from .flight import Flight


def read(shared: Any, flight: Flight) -> bool:
    """Takes the value from there for a `SharedFunction`, if it is there."""
    region, options = POOL.region, shared.options
    name, key = flight.name, flight.key
    if region is None or name is None or key is None:
        return False
    if options.ttl_ms is not None or options.early:
        return False  # how old it is, and whether it is time to compute it anew, only the daemon says
    function = region.functions.get(name)
    if function is None or function.reader is None:
        return False
    # Before it is read, so that an event which follows finds the key.
    flight.computed = shared.filter_of(name).came_by(key)
    found = function.find(key)
    if found is None:
        return False
    shared.take_hit(flight, {"value": found[0], "cost_ms": found[1]})
    return True


def answered(flight: Flight) -> None:
    """The value came from the daemon."""
    if POOL.region is not None and flight.name is not None:
        POOL.region.answered(flight.name)
