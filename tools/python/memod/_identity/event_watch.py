"""What the interpreter's audit events tell while functions run: that code was replaced, and what was asked of the world
that no argument says."""

from __future__ import annotations

import sys
import threading
import types
from collections import deque

from .._client.at_work import working
from . import modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Collection, Deque, Dict, Tuple

OUTSIDE = "outside"
_CHANGED = "object.__setattr__"
_PARTS = frozenset(("__code__", "__defaults__", "__kwdefaults__"))
#: By event, the input of the process that it depends on, or why its result is for this process alone.
_EVENTS: Dict[str, str] = {
    **dict.fromkeys(
        """
        socket.connect socket.bind socket.getaddrinfo socket.gethostbyname socket.gethostbyaddr socket.getnameinfo
        socket.gethostname socket.sendto socket.sendmsg
        """.split(),
        OUTSIDE,
    ),
    **dict.fromkeys("subprocess.Popen os.system os.posix_spawn os.spawn os.exec".split(), "environment"),
    **dict.fromkeys("open os.listdir os.scandir sqlite3.connect".split(), "directory"),
    "pickle.find_class": "code",
    "builtins.input": "input",
}
_REASONS = {
    OUTSIDE: "it asks the network, which may answer otherwise at another time",
    "environment": "it runs a program, which is given the environment",
    "directory": "it names a file from the working directory",
    "code": "it unpickles what leads to code of the program",
    "input": "it reads what somebody enters",
}
_KEPT = 64

#: How often the code or the defaults of some function were replaced, and of which, with what they were at first.
replaced = 0
changed: Dict[int, Tuple[Any, ...]] = {}
_CHANGED_MAX = 1_000
_hooked = False


class _Here(threading.local):
    def __init__(self) -> None:
        self.running = 0
        self.count = 0
        self.events: Deque[str] = deque(maxlen=_KEPT)


_here = _Here()


def _hear(event: str, arguments: Tuple[Any, ...]) -> None:
    global replaced
    if event == _CHANGED:
        if arguments[1] in _PARTS:
            replaced += 1
            each = arguments[0]
            is_new = len(changed) < _CHANGED_MAX and id(each) not in changed and type(each) is types.FunctionType
            if is_new and not _is_by_its_own(each):
                changed[id(each)] = each, each.__code__, each.__defaults__, each.__kwdefaults__
    elif event in _EVENTS and _here.running and not working.on and _matters(event, arguments):
        _here.count += 1
        _here.events.append(_EVENTS[event])


def _is_by_its_own(function: Any) -> bool:
    """Whether it is changed while its module is being imported, or by its own package, as those do that compile their functions
    when they are needed."""
    package = str(function.__module__).partition(".")[0]
    if getattr(getattr(sys.modules.get(str(function.__module__)), "__spec__", None), "_initializing", False):
        return True
    by = sys._getframe(2).f_globals.get("__name__")
    return package == str(by).partition(".")[0] and package != "__main__"


def _matters(event: str, arguments: Tuple[Any, ...]) -> bool:
    kind = _EVENTS[event]
    if kind == "directory":
        path = arguments[0] if arguments else None
        if isinstance(path, bytes):
            return not path.startswith(b"/")
        return isinstance(path, str) and not path.startswith(("/", ":memory:"))
    if kind == "code":
        return modules.is_own_code(arguments[0], "")
    return True


#: Has a function hear some events, where there is a compiler.
_hear_events: Callable[[Tuple[str, ...], Callable[[str, Any], None]], bool] = lambda events, hear: False
try:
    from .._compiled.speedups import hear_events as _hear_events  # type: ignore[import-not-found,no-redef]
except ImportError:
    pass


def listen() -> None:
    """Begins to listen, for good: there is no way to stop."""
    global _hooked
    if not _hooked:
        _hooked = True
        if not _hear_events((_CHANGED, *_EVENTS), _hear):
            sys.addaudithook(_hear)


def begin() -> int:
    """A function begins to run in this thread: a mark of what was heard before. `end` is due."""
    _here.running += 1
    return _here.count


def end(begun: int, inputs: Collection[str], timed: bool) -> str:
    """Why the result of a function that began then is for this process alone, or "". `inputs` count in its identity;
    results of a `timed` function are kept for a time only."""
    here = _here
    here.running -= 1
    heard = here.count - begun
    for event in list(here.events)[-heard:] if heard > 0 else ():
        if event not in inputs and not (timed and event == OUTSIDE):
            return _REASONS[event]
    return ""
