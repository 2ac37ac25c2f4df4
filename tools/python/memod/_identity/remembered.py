"""What is asked for before each question, and made anew only where something has changed."""

from __future__ import annotations

from . import event_watch
from .snapshot import are_same, snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional, TypeVar
    from .snapshot import Snapshot

    T = TypeVar("T")


def remembered(read: Callable[[], List[Any]], make: Callable[..., T]) -> Callable[[], T]:
    """A function that returns what `make` made of the objects that `read` finds, as long as these are the same and hold the
    same. Functions, and objects that are not plain data, are what they are."""
    of: List[Any] = []
    held: Optional[Snapshot] = None
    generation = -1
    made: Any = None

    def ask() -> T:
        nonlocal of, held, generation, made
        now = read()
        is_same = are_same(now, of) and generation == event_watch.replaced
        if not is_same or held is None or not held.holds():
            generation = event_watch.replaced  # of the code of functions
            held = snapshot(now, whole=False)  # before it is made, so that no change between the two is missed
            made = make(*now)
            of = now
        found: T = made
        return found

    return ask
