"""Exceptions that come of signal handlers, as of time limits, and so are the program's own."""

from __future__ import annotations

import sys
from typing import Any, Optional, Set


def is_from_signal(error: BaseException) -> bool:
    """Whether a signal handler has raised it."""
    signal = sys.modules.get("_signal")  # without the other's enumerations, which have exceptions of their own
    if signal is None:
        return False
    handlers = _codes(signal)
    if not handlers:
        return False
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code in handlers:
            return True
        trace = trace.tb_next
    return False


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
