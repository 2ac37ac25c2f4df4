"""The way of this process's memoized functions to the daemon: connections kept for reuse, and what happens
while there is no daemon. Nothing here raises because of the daemon."""

from __future__ import annotations

import os
import threading
import time

from .._region.region import Region, region_of
from . import address, chance
from .complaint import complain
from .connection import LINE_BYTES_MAX, Connection, Reply, line_limit
from .errors import MemodError, RequestTimeout, Starting, Unavailable
from .signals import pass_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import FrozenSet, List, Optional

_IDLE_MAX = 16
_BACKOFF_SECONDS_MIN = 0.05
_BACKOFF_SECONDS_MAX = 5.0
#: After a request that ran into the timeout, the daemon is not asked for this many times what that cost.
_REST_FACTOR = 4.0


class _Held(threading.local):
    connection: Optional[Connection] = None
    depth = 0


class ConnectionPool:
    """One a process. Its lists are used by single operations that the interpreter makes atomic, without
    locks, so that a memoized function may be called from a signal handler or a finalizer."""

    def __init__(self) -> None:
        self.idle: List[Connection] = []
        self._held = _Held()
        self._warned = False
        #: Of the daemon that was connected to last: its additions, and the longest request that it takes.
        self.features: FrozenSet[str] = frozenset()
        self.line_bytes_max = LINE_BYTES_MAX
        #: What it publishes to this process.
        self.region: Optional[Region] = None
        #: Changes whenever what the daemon knows of this process may be gone.
        self.generation = 0
        #: Whether there is to be no daemon, as in tests.
        self.off = False
        self.reset()

    def reset(self) -> None:
        """Starts anew, as in a forked child: a parent's connections are not to be used."""
        idle, self.idle = self.idle, []
        for connection in idle:
            connection.close()
        self.region = None
        self._held = _Held()
        self._failures = 0
        self._retry_at = 0.0
        self.generation += 1
        #: What this process is called in events. Unique, so that it knows its own.
        self.client_name = f"python-{os.getpid()}-{os.urandom(6).hex()}"

    def usable(self) -> bool:
        """Whether it is time to try the daemon at all."""
        return not self.off and (not self._failures or time.monotonic() >= self._retry_at)

    def failed(self, error: BaseException) -> None:
        """Notes that the daemon did not do its part: a pause before the next attempt, longer each time."""
        self.generation += 1
        self.region = None
        self._failures += 1
        pause = min(_BACKOFF_SECONDS_MIN * 2 ** min(self._failures - 1, 16), _BACKOFF_SECONDS_MAX)
        if isinstance(error, RequestTimeout):
            pause = max(pause, _REST_FACTOR * address.timeout())
        self._retry_at = time.monotonic() + pause * chance.between(0.75, 1.0)
        idle, self.idle = self.idle, []
        for connection in idle:
            connection.close()
        if not self._warned and not isinstance(error, Starting):
            self._warned = True
            complain(f"{error}; results are remembered only in this process")

    def worked(self) -> None:
        """Notes that the daemon answered."""
        self._failures = 0

    def connect(self) -> Optional[Connection]:
        """A new connection, or None where that fails or it is too early to try."""
        if not self.usable():
            return None
        try:
            connection = Connection(client=self.client_name)
        except (MemodError, OSError) as error:
            pass_on(error)
            self.failed(error)
            return None
        self.features, self.line_bytes_max = connection.features, line_limit(connection.limits)
        self.region = region_of(connection, None)
        return connection

    def exchange(
        self, lines: List[bytes], wait: float = 0.0, lease: bool = False
    ) -> Optional[List[Reply]]:
        """The replies to some requests, or None. Uses the connection that this thread holds, if any. With `lease`
        the thread holds the connection on which the first of them is granted one, until `let_go`: a lease ends
        with it, and the daemon sees circles of connections that wait."""
        held = self._held.connection
        if held is not None:
            replies = None if held.closed else self._attempt(held, lines, wait)
            if lease and replies is not None and replies[0].get("lease") is not None:
                self._held.depth += 1
            return replies
        while True:
            connection = self._reusable()
            if connection is None:
                connection = self.connect()
                if connection is None:
                    return None
                replies = self._attempt(connection, lines, wait)
                break
            try:
                replies = connection.exchange(lines, wait)
                break
            except Unavailable as error:
                pass_on(error)
                continue  # it ended while it was idle: a daemon may be there again
            except (MemodError, OSError) as error:
                pass_on(error)
                self.failed(error)
                return None
        if lease and replies is not None and replies[0].get("lease") is not None:
            self._held.connection = connection
            self._held.depth = 1
        else:
            self.keep(connection)
        return replies

    def _attempt(self, connection: Connection, lines: List[bytes], wait: float) -> Optional[List[Reply]]:
        try:
            replies = connection.exchange(lines, wait)
        except (MemodError, OSError) as error:
            pass_on(error)
            self.failed(error)
            return None
        self.worked()
        return replies

    def _reusable(self) -> Optional[Connection]:
        while True:
            try:
                connection = self.idle.pop()
            except IndexError:
                return None
            if not connection.closed:
                return connection

    def keep(self, connection: Connection) -> None:
        """Takes a connection back for the next request."""
        if connection.closed:
            return
        if len(self.idle) < _IDLE_MAX:
            self.idle.append(connection)
        else:
            connection.close()

    def let_go(self) -> None:
        """A lease of this thread is over."""
        held = self._held
        if held.depth == 0:
            return  # held before a fork
        held.depth -= 1
        if held.depth == 0:
            connection, held.connection = held.connection, None
            if connection is not None:
                self.keep(connection)


POOL = ConnectionPool()
