"""Names whose mention in code says what that may look at."""

from __future__ import annotations

#: Names by which code looks at all that an object holds.
LOOKS_AT_ALL = frozenset("__dict__ vars asdict astuple copy deepcopy dumps dump replace __reduce__ repr str".split())
#: By which code asks whose memory an array is in.
OF_MEMORY = frozenset("base owndata OWNDATA shares_memory may_share_memory __array_interface__".split())
#: Of the standard library, what draws random numbers for its caller.
DRAWING = frozenset(("samples", "kde_random"))
#: By which code sees in what order an object got its attributes.
OF_ORDER = frozenset(("vars", "__dict__"))
#: By which code makes threads and the like, that are named by numbers.
RUNNERS = frozenset("threading asyncio multiprocessing concurrent Thread Process Task create_task".split())
NAMES_OF_CODE = frozenset(("__name__", "__qualname__"))
