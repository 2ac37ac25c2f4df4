"""Keys as events have them, which need not be spelt as they were sent."""

from __future__ import annotations

import json
from typing import Any


def _number(text: str) -> Any:
    value = float(text)
    return int(value) if value.is_integer() else value


def normal_key(text: str) -> str:
    """One spelling for the same key. Different keys may share one: it only ever finds too much."""
    try:
        return json.dumps(json.loads(text, parse_float=_number), sort_keys=True)
    except (ValueError, OverflowError, RecursionError):
        return ""


def normal_value(key: Any) -> str:
    """As `normal_key`, for a key that was parsed already."""
    try:
        return normal_key(json.dumps(key))
    except (ValueError, RecursionError):
        return ""
