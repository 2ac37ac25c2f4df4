"""One call of a memoized function, from the look into the cache to what becomes of its result."""

from __future__ import annotations

from functools import cached_property

from .._identity.run_watch import Run
from .tally import Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, FrozenSet, Generator, List, NamedTuple, Optional, Tuple
    from typing_extensions import TypeAlias

    from .._client.connection import Reply
else:
    from .._codec.named_tuple import NamedTuple


class Ask(NamedTuple):
    """Requests to be sent together, whose replies are waited for."""

    lines: List[bytes]
    #: Seconds that the daemon itself may take, on top of the timeout.
    wait: float = 0.0
    #: Whether to hold the connection on which a lease is granted.
    lease: bool = False


Replies: TypeAlias = "Optional[List[Reply]]"
#: A conversation: requests that it yields, and replies that it is sent (None where there is no daemon).
Talk: TypeAlias = "Generator[Ask, Replies, None]"


class Flight:
    """What is known of the call. Used by one thread or task at a time."""

    args: Tuple[Any, ...] = ()
    kwds: Dict[str, Any]
    epoch = 0  # of the counters and entries, changed by cache_clear()
    sequence = 0  # of events
    tally: Tally  # of the epoch
    name: Optional[str] = None
    key: Optional[str] = None  # JSON text; None where the call cannot be shared
    volatile = False
    computed = False  # whether this process has computed the result before
    found = False
    value: Any = None
    until: Optional[int] = None  # until when the value found may be kept here; None for ever
    cost_ms = 0
    lease: Optional[str] = None
    replace = False  # whether a result takes the place of what is stored
    fallback: Any = None  # a stale value, for when the function fails
    has_fallback = False
    verifies = False  # whether the fallback is a hit that is computed again to compare
    holds = False  # whether a connection is held for the lease
    entered = False
    sound = True  # whether what the function reads is what the name says
    held: FrozenSet[str] = frozenset()  # the receiver's attributes before the call
    run: Optional[Run] = None  # while the function runs
    started = 0.0
    connection: Any = None  # of an async flight, for its lease
    token: Any = None

    def end_run(self) -> str:
        """The function has run: why its result is for this process alone, or ""."""
        run, self.run = self.run, None
        return run.end() if run is not None else ""

    def filled(self) -> List[str]:
        """The attributes of the receiver that a `cached_property` has got during the call."""
        held = getattr(self.args[0], "__dict__", {}) if self.args else {}
        kind: Any = type(self.args[0]) if self.args else object
        return [name for name in held if name not in self.held and _is_cached_property(kind, name)]


def _have_all_within() -> None:
    """Since 3.11 an object has its attributes within itself where the first ones of its class had them, and in a dict of
    its own otherwise, which takes longer than the rest of a look-up's way through here."""
    first = Flight()
    for name in Flight.__annotations__.keys() | vars(Flight).keys():
        if not callable(getattr(Flight, name, None)) and not name.startswith("__"):
            setattr(first, name, None)


_have_all_within()


def _is_cached_property(kind: Any, name: str) -> bool:
    return any(type(vars(base).get(name)) is cached_property for base in kind.__mro__)
