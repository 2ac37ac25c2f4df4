"""Keys as events have them, which need not be spelt as they were sent."""

from __future__ import annotations

from typing import Any, Optional

from .._identity.keys import key_dumps


def mark_of(key: Any) -> Optional[int]:
    """A number for a key that was parsed: that of its text as this process spells it, however another did. None
    where there is no telling."""
    try:
        return hash(key_dumps(key))
    except (ValueError, RecursionError):
        return None
