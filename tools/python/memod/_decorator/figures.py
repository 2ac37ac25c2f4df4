"""What a function's calls cost, and which of its hits the daemon does not know of yet."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

_COST_SAMPLES = 8


class Figures:
    """For one function. Its `reported` are guarded by that's lock."""

    def __init__(self) -> None:
        self.reported = 0
        self.cost_ms = 0.0
        self.samples = 0

    @property
    def lacks_samples(self) -> bool:
        """Whether what a call costs is hardly known."""
        return self.samples < _COST_SAMPLES

    def sample(self, milliseconds: float) -> None:
        """A call took so long, here or elsewhere."""
        self.cost_ms += milliseconds
        self.samples += 1

    def report(self, name: str, hits: int, more: Dict[str, Any]) -> Optional[Dict[str, Any]]:
        """The request that reports the hits since the last one, or None where there is nothing to tell."""
        new = max(hits - self.reported, 0)
        if not new and not more:
            return None
        self.reported += new
        cost = self.cost_ms / self.samples if self.samples else 0.0
        return {"op": "report", "fn": name, "hits": new, "saved_ms": int(new * cost), **more}
