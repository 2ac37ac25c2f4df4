"""How long results are good for, by the function's own `ttl` and `stale`."""

from __future__ import annotations

from .._client.connection import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Tuple
    from typing_extensions import TypeAlias

#: How old an entry is and for how long it is still fresh, in ms, and whether it is stale.
Times: TypeAlias = "Tuple[Any, Any, bool]"
NO_TIMES: Times = (None, None, False)


def times_of(reply: Reply) -> Times:
    """Those that the daemon tells."""
    return reply.get("age_ms"), reply.get("ttl_ms"), reply.get("stale") is True


def fresh_ms(times: Times, ttl_ms: int, stale_ms: int) -> Optional[int]:
    """For how long it is still fresh: 0 for one in the grace time, None for one that is over. An entry may be older
    than the function's results may be: it was stored by one without `ttl`, or with a longer one."""
    age, limit, is_stale = times
    if type(age) is not int or age >= ttl_ms + stale_ms:
        return None
    if is_stale:
        return 0
    fresh = ttl_ms - age
    if type(limit) is int and limit < fresh:
        fresh = limit
    return fresh if fresh > 0 else 0


def fields(ttl_ms: Optional[int], stale_ms: Optional[int]) -> str:
    """What a put says of it."""
    if ttl_ms is None:
        return ""
    return f',"ttl_ms":{ttl_ms}' + (f',"stale_ms":{stale_ms}' if stale_ms else "")
