"""Room on the interpreter's stack for the frames that the cache adds to deep recursions, so that a function
that recurses as deep as the limit allows still does so when it is memoized."""

from __future__ import annotations

import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Set

_STEP = 128
_MARGIN = 64
_SHALLOW = 16


class _Depth(threading.local):
    calls = 0


_depth = _Depth()
_lock = threading.RLock()
_extra = 0
_deep: Set[int] = set()


def enter() -> None:
    """A memoized function is about to run below a frame of ours."""
    _depth.calls += 1
    if _depth.calls >= _SHALLOW and _depth.calls + _MARGIN > _extra:
        _raise_limit()


def leave() -> None:
    """It has returned."""
    _depth.calls -= 1
    if _extra and _depth.calls < _SHALLOW:
        _restore_limit()


def _raise_limit() -> None:
    global _extra
    with _lock:
        _deep.add(threading.get_ident())
        if _depth.calls + _MARGIN > _extra:
            sys.setrecursionlimit(sys.getrecursionlimit() + _STEP)
            _extra += _STEP


def _restore_limit() -> None:
    global _extra
    with _lock:
        _deep.discard(threading.get_ident())
        if _deep or not _extra:
            return
        limit = sys.getrecursionlimit() - _extra
        _extra = 0
        try:
            sys.setrecursionlimit(limit)
        except (RecursionError, ValueError):
            pass  # the program has set a limit of its own meanwhile


def forked() -> None:
    """In a forked child there is but one thread."""
    global _lock
    _lock = threading.RLock()
    _deep.clear()
    if _depth.calls >= _SHALLOW:
        _deep.add(threading.get_ident())
