"""What is seen of a call while it runs, and of its result, that tells that another process would get another."""

from __future__ import annotations

import re
import sys

from . import cached_helpers, chance_watch, event_watch, hash_watch, patches
from .fingerprint import Fingerprint
from .set_data import holds_sets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Optional

#: The `repr` of an object that says nothing but where it lies.
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]{6,}>")
#: What a thread, task or process is called that nobody named.
_NUMBERED = re.compile(r"(?:Thread|Task|Process|Dummy|ThreadPoolExecutor|asyncio|PoolWorker)[-_]\d")


class Run:
    """One run of a function. `end` is due."""

    def __init__(self, fingerprint: Optional[Fingerprint]) -> None:
        """A function without a fingerprint is its owner's affair, as far as it goes."""
        self._print = fingerprint
        self._hashed = hash_watch.foreign
        self._heard = event_watch.begin()
        self._kept = fingerprint.begin_run() if fingerprint is not None else []
        untimed = fingerprint if fingerprint is not None and not fingerprint.timed else None
        self._chance = _generators() if untimed is not None and untimed.may_draw() else None
        self._seeded = chance_watch.state() if untimed is not None and untimed.makes_generators else None

    def end(self) -> str:
        """Why the result is for this process alone, or ""."""
        found = self._print
        inputs = found.inputs if found is not None else ()
        heard = event_watch.end(self._heard, inputs, found is None or found.timed)
        if hash_watch.foreign != self._hashed:
            return "it hashes what is no number, which has another hash in each process"
        if found is not None and heard:
            return heard
        kept = cached_helpers.end(self._kept)
        if kept:
            return kept
        seeded = self._seeded is not None and chance_watch.state() != self._seeded
        if seeded or (self._chance is not None and _has_drawn(self._chance)):
            return "it draws random numbers, which are other ones each time"
        return patches.active()


_NEW = {"random": 624, "numpy": 623}  # where a Mersenne Twister is that nothing was drawn from


def _generators() -> Dict[str, Any]:
    """The states of the generators of random numbers that belong to nobody: the words, and the place in them."""
    found: Dict[str, Any] = {}
    ours = getattr(sys.modules.get("random"), "getstate", None)
    if ours is not None:
        words = ours()[1]
        found["random"] = words, words[-1]
    legacy = getattr(sys.modules.get("numpy.random.mtrand"), "_rand", None)
    if legacy is not None:
        state = legacy.get_state(legacy=False)
        inner = state["state"]
        words = [each.tobytes() if hasattr(each, "tobytes") else each for each in inner.values()]
        found["numpy"] = (words, state.get("has_gauss")), inner.get("pos")
    return found


def _has_drawn(before: Dict[str, Any]) -> bool:
    for name, state in _generators().items():
        if state != before[name] if name in before else state[1] != _NEW[name]:
            return True
    return False


def problem_of_text(text: str, fingerprint: Optional[Fingerprint]) -> str:
    """Why a result is for this process alone, or "". `text` is its JSON."""
    classes = fingerprint.classes if fingerprint is not None else ()
    if " at 0x" in text and _ADDRESS.search(text):
        return "its result has the address of an object in it"
    if fingerprint is not None and fingerprint.names_runners and _NUMBERED.search(text):
        return "its result has the number of a thread, task or process in it, which is another in each process"
    if "__main__." in text or any(name in text for name in classes):
        return "its result names a class with its module, which has another name in a script"
    return ""


def problem_of_order(values: Iterable[Any]) -> str:
    """Why a call is for this process alone of a function that iterates over something, or ""."""
    if any(map(holds_sets, values)) and sys.flags.hash_randomization:
        return "an argument is a set, or holds one, whose order is another in each process; a sorted tuple is not"
    return ""
