"""Python 3.12 and later warn of forks in processes with several threads. The listener's thread is gone while
the process forks, but may be counted: at its end, or started again, before the interpreter looks."""

from __future__ import annotations

import os
import sys
import time
import warnings

_MESSAGE = r"This process \(pid=\d+\) is multi-threaded, use of fork\(\) may lead to deadlocks"
_ENDING_SECONDS = 0.02
_quiet = False


def threads() -> int:
    """How many threads the process has, as the system counts them; 0 where that is not known."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 0


def before_fork(remaining: int) -> None:
    """Once the listener's thread has ended: silences the warning where no thread but the caller is left, and
    lets it be heard where the program has threads of its own. `remaining` threads should be left."""
    global _quiet
    if sys.version_info < (3, 12):
        return
    deadline = time.monotonic() + _ENDING_SECONDS
    while threads() > remaining and time.monotonic() < deadline:
        time.sleep(0.0002)  # the thread has left Python, and the kernel is about to notice
    alone = threads() == 1
    if alone and not _quiet:
        warnings.filterwarnings("ignore", message=_MESSAGE, category=DeprecationWarning)
    elif _quiet and not alone:
        warnings.filterwarnings("default", message=_MESSAGE, category=DeprecationWarning)
    _quiet = alone
