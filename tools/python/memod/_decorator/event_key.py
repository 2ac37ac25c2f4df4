"""Keys as events have them, which need not be spelt as they were sent."""

from __future__ import annotations

import json
from typing import Any, Optional

#: Beyond this, an integer and a float that are spelt differently may be the same number.
_INT_EXACT_MAX = 1 << 53


def _frozen(tree: Any) -> Any:
    kind = type(tree)
    if kind is list:
        return tuple([_frozen(item) for item in tree])
    if kind is dict:
        return frozenset([(name, _frozen(item)) for name, item in tree.items()])
    if kind is int and not -_INT_EXACT_MAX < tree < _INT_EXACT_MAX:
        return float(tree)
    return tree


def mark_of(key: Any) -> Optional[int]:
    """A number for a key that was parsed: the same for the same key, however it was spelt. Different keys
    may share one. None where there is no telling."""
    try:
        return hash(_frozen(key))
    except (OverflowError, RecursionError):
        return None


def mark_of_text(key: str) -> Optional[int]:
    """As `mark_of`, for a key given as JSON text."""
    try:
        return mark_of(json.loads(key))
    except (ValueError, RecursionError):
        return None
