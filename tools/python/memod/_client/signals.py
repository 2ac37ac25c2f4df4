"""Exceptions that come of signal handlers, as of time limits, and so are the program's own."""

from __future__ import annotations

import sys
from typing import Any, Set


def is_from_signal(error: BaseException) -> bool:
    """Whether a signal handler has raised it."""
    signal = sys.modules.get("signal")
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
