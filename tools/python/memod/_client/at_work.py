"""Whether a thread is at work for memod itself."""

from __future__ import annotations

import threading


class _Working(threading.local):
    on = False


#: Whether this thread is. What it calls of the program meanwhile, which may be memoized functions in the place of
#: builtins, simply computes; and what it does is no concern of the function that it works for.
working = _Working()
