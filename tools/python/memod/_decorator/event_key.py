"""Keys as events have them, which need not be spelt as they were sent."""

from __future__ import annotations

from .._identity.keys import key_dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional


def mark_of(key: Any) -> Optional[int]:
    """A number for a key that was parsed: that of its text as this process spells it, however another did. None
    where there is no telling."""
    try:
        return hash(key_dumps(key))
    except (ValueError, RecursionError):
        return None
