"""One call of a memoized function, from the look into the cache to what becomes of its result."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Tuple


class Ask(NamedTuple):
    """Requests to be sent together, whose replies are waited for."""

    lines: List[bytes]
    #: Seconds that the daemon itself may take, on top of the timeout.
    wait: float = 0.0


class Answer(NamedTuple):
    """The reply to a `get` that was sent before there was a flight, and the name that it asked for."""

    name: str
    reply: Dict[str, Any]


class Flight:
    """What is known of the call. Used by one thread or task at a time."""

    __slots__ = (
        "args", "kwds", "name", "key", "volatile", "epoch", "sequence", "found", "value", "fresh_ms",
        "cost_ms", "lease", "replace", "fallback", "has_fallback", "holds", "entered", "started",
        "connection", "token",
    )  # fmt: skip

    def __init__(self, args: Tuple[Any, ...], kwds: Dict[str, Any], epoch: int, sequence: int) -> None:
        self.args = args
        self.kwds = kwds
        self.epoch = epoch  # of the counters and entries, changed by cache_clear()
        self.sequence = sequence  # of events
        self.name: Optional[str] = None
        self.key: Optional[str] = None  # JSON text; None where the call cannot be shared
        self.volatile = False
        self.found = False
        self.value: Any = None
        self.fresh_ms: Optional[int] = None  # how long the value found may be kept here; None for ever
        self.cost_ms = 0
        self.lease: Optional[str] = None
        self.replace = False  # whether a result takes the place of what is stored
        self.fallback: Any = None  # a stale value, for when the function fails
        self.has_fallback = False
        self.holds = False  # whether a connection is held for the lease
        self.entered = False
        self.started = 0.0
        self.connection: Any = None  # of an async flight, for its lease
        self.token: Any = None
