"""Warnings about what surrounds the program, which must not break it."""

from __future__ import annotations

import sys
import warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Type


def complain(message: str, category: Type[Warning] = RuntimeWarning) -> None:
    """Warns at the program's own line, the one that led here."""
    try:
        warnings.warn(f"memod: {message}", category, _depth_of_caller())
    except Warning:
        pass  # warnings may have been made errors, but not for the caller of a cached function


_PACKAGE = __name__.partition(".")[0]


def _is_ours(package: Optional[str]) -> bool:
    return package is not None and package.partition(".")[0] == _PACKAGE


def _depth_of_caller() -> int:
    """The `stacklevel` of the program's own line, for a warning issued by the function that asks."""
    depth = 1
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__package__")):
        frame = frame.f_back
        depth += 1
    return depth
