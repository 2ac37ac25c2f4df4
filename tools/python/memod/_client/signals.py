"""Exceptions that come of signal handlers, as of time limits, and so are the program's own."""

from __future__ import annotations

import sys
from types import FrameType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Set


def is_from_signal(error: BaseException) -> bool:
    """Whether a signal handler has raised it."""
    signal = sys.modules.get("_signal")  # without the other's enumerations, which have exceptions of their own
    if signal is None:
        return False
    handlers = _codes(signal)
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in handlers or _has_interrupted(trace.tb_frame):
            return True
        trace = trace.tb_next
    return False


def _has_interrupted(frame: FrameType) -> bool:
    """Whether it is that of a handler, which may be installed no longer: called with a number and the frame below."""
    code, below = frame.f_code, frame.f_back
    if below is None or not (code.co_argcount > 1 or code.co_flags & _VARARGS):
        return False
    space = frame.f_locals
    arguments = [space.get(name) for name in code.co_varnames[: code.co_argcount]]
    if code.co_flags & _VARARGS:
        rest = space.get(code.co_varnames[code.co_argcount + code.co_kwonlyargcount])
        arguments.extend(rest if type(rest) is tuple else ())
    return any(type(one) is int and other is below for one, other in zip(arguments, arguments[1:]))


def pass_signal(error: BaseException) -> None:
    """Raises what a signal handler has raised, also where another exception was made of it. To be called wherever
    exceptions of any kind are caught, before anything is concluded from them."""
    found: Optional[BaseException] = error
    while found is not None:
        if is_from_signal(found):
            raise found
        found = found.__cause__


def pass_on(error: BaseException) -> None:
    """Raises what is not the affair of whoever catches errors of the daemon: what a signal handler has raised, also
    where it was taken for one of those, and what another thread or a time limit has thrown into this one."""
    found: Optional[BaseException] = error
    while found is not None:
        if is_from_signal(found) or type(found).__module__.partition(".")[0] not in _KNOWN:
            raise found
        found = found.__cause__


_VARARGS = 4  # of a code's flags
_KNOWN = frozenset(
    (
        "builtins",
        "json",
        "socket",
        "struct",
        "binascii",
        "zlib",
        "ssl",
        "asyncio",
        "pickle",
        __name__.partition(".")[0],
    )
)


def _codes(signal: Any) -> Set[Any]:
    found = set()
    for number in signal.valid_signals():
        handler = signal.getsignal(number)
        for each in (handler, getattr(handler, "func", None)):
            inner = getattr(each, "__func__", each)
            for target in (inner, getattr(type(inner), "__call__", None)):
                code = getattr(target, "__code__", None)
                if code is not None:
                    found.add(code)
    return found
