"""What is asked for before each question, and made anew only where something has changed."""

from __future__ import annotations

from . import event_watch
from .snapshot import are_same, snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional, Tuple, TypeVar
    from .snapshot import Snapshot

    T = TypeVar("T")


def remembered(read: Callable[[], List[Any]], make: Callable[..., T]) -> Callable[[], T]:
    """A function that returns what `make` made of the objects that `read` finds, as long as these are the same and hold the
    same. Functions, and objects that are not plain data, are what they are."""
    state: Tuple[List[Any], Optional[Snapshot], int, Any] = [], None, -1, None

    def ask() -> T:
        nonlocal state
        now = read()
        of, held, generation, made = state
        # By replaced code functions do something else.
        if held is None or generation != event_watch.replaced or not are_same(now, of) or not held.holds():
            generation = event_watch.replaced
            held = snapshot(now, whole=False)  # before it is made, so that no change between the two is missed
            made = make(*now)
            state = now, held, generation, made
        found: T = made
        return found

    return ask
