"""What of a memoized function is not kept, said once with the reason and what to do about it."""

from __future__ import annotations

from _thread import RLock

from .._client.complaint import complain
from .._client.errors import NotKeptWarning
from .._client.signals import pass_signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Set, Tuple

_KEY = "key= takes a function that returns what counts of the arguments"
#: By kind: what is not kept, and what to do about it.
_KINDS = {
    "result": ("a result is not kept", 'serializer="pickle" keeps what JSON cannot express, signed for this user'),
    "pickle": ("a result is not kept", "return what pickle can express"),
    "size": ("a result is not kept", "memod takes longer lines with --max-line"),
    "argument": ("a call is not shared with other processes", _KEY),
    "content": ("a call is not remembered", _KEY),
    "change": ("a result is not shared with other processes", _KEY),
    "process": ("its results stay in this process", "name= says what it is called everywhere, version= which it is"),
    "run": ("a result is not shared with other processes", "name= or version= say that it may be"),
    "persist": ("its results stay in this process", "a later memod keeps them, only in memory"),
}
#: Functions that were complained of: those that are made again and again are one.
_said: Set[Tuple[str, str, int, str]] = set()
_SAID_MAX = 4096
_len = len  # a program may put a memoized one in its place


def short(value: Any, limit: int = 200) -> str:
    """What a value looks like, in at most this many characters."""
    try:
        text = repr(value)
    except Exception as error:
        pass_signal(error)
        text = f"<{type(value).__name__}: {type(error).__name__}>"
    return text if _len(text) <= limit else text[: limit - 3] + "..."


class Notices:
    """Those about one function."""

    def __init__(self, function: Any) -> None:
        self.function = function
        #: The first reason by kind.
        self.reasons: Dict[str, str] = {}
        self._lock = RLock()

    @property
    def label(self) -> str:
        """The function's name, for people."""
        function = self.function
        module = getattr(function, "__module__", None)
        name = getattr(function, "__qualname__", None) or type(function).__qualname__
        return f"{module}.{name}" if module else str(name)

    def summary(self) -> str:
        """What was said, in a line."""
        return "; ".join(f"{_KINDS[kind][0]}: {reason}" for kind, reason in self.reasons.items())

    def say(self, kind: str, reason: str) -> None:
        """Warns, unless this kind was said already of the function."""
        if kind in self.reasons:
            return
        with self._lock:
            if self.reasons.setdefault(kind, reason) is not reason:
                return
        code = getattr(self.function, "__code__", None)
        place = (self.label, getattr(code, "co_filename", ""), getattr(code, "co_firstlineno", 0), kind)
        if place not in _said:
            if _len(_said) >= _SAID_MAX:
                _said.clear()
            _said.add(place)
            what, remedy = _KINDS[kind]
            complain(f"{self.label}: {what}: {reason} ({remedy})", NotKeptWarning)
