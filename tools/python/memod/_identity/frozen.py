"""Data that functions change themselves, which count as they were before."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Tuple

#: Objects that functions have made for themselves in this process, by label: what stands for each.
_made: Dict[str, Tuple[str, str]] = {}


class Frozen:
    """Data that a function keeps changing itself: they count as they were before."""

    def __init__(self) -> None:
        self._known: Dict[str, Tuple[str, str]] = {}

    def stand_for(self, label: str, digest: str) -> str:
        """The digest that counts, for data that have this one now."""
        known = self._known.get(label)
        if known is not None:
            if known[0] == digest:
                return known[1]
            del self._known[label]  # somebody else has changed it
        made = _made.get(label)
        return made[1] if made is not None and made[0] == digest else digest

    def change(self, label: str, stands: str, now: str) -> None:
        """The function itself has changed data: those that are there now count as those before."""
        self._known[label] = (now, stands)
        if now.startswith("!"):
            _made[label] = (now, stands)
