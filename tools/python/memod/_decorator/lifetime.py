"""How long results are good for, by the function's own `ttl` and `stale`."""

from __future__ import annotations

from .._client.connection import Reply
from .._region.region import boot_ms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

# An entry may be older than the function's results may be: it was stored by one without `ttl`, or with a longer one. Until
# when it is fresh is told on the clock of `boot_ms`: 0 for one in the grace time, None for one that is over.


def until_told(reply: Reply, ttl_ms: int, stale_ms: int) -> Optional[int]:
    """For an entry as the daemon tells of it."""
    age, limit = reply.get("age_ms"), reply.get("ttl_ms")
    if type(age) is not int or age >= ttl_ms + stale_ms:
        return None
    if reply.get("stale") is True:
        return 0
    fresh = ttl_ms - age
    if type(limit) is int and limit < fresh:
        fresh = limit
    return boot_ms() + fresh if fresh > 0 else 0


def until_published(until: int, life: int, ttl_ms: int, stale_ms: int) -> Optional[int]:
    """For an entry that was just read and is fresh `until` then, after a `life` of so many ms, more than the `ttl`."""
    until += ttl_ms - life
    over = boot_ms() - until
    return until if over < 0 else 0 if over < stale_ms else None


def until_from_now(ttl_ms: Optional[int]) -> Optional[int]:
    """For a result that was just computed; None for ever."""
    return ttl_ms and boot_ms() + ttl_ms


def fields(ttl_ms: Optional[int], stale_ms: Optional[int]) -> str:
    """What a put says of it."""
    if ttl_ms is None:
        return ""
    return f',"ttl_ms":{ttl_ms}' + (f',"stale_ms":{stale_ms}' if stale_ms else "")
