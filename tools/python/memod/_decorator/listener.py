"""The one background connection of a process: it hears what others remove, and reports the hits that were
served without the daemon."""

from __future__ import annotations

import os
import sys
import time

# As they are now: a program may put others in their place later (gevent), which do not work in a thread of the system.
from _thread import LockType, RLock, allocate_lock, start_new_thread
from collections import deque
from select import POLLIN, poll
from weakref import WeakSet

from .._client import address
from .._client.connection import Connection, decode_reply, encode_request
from .._client.connection_pool import POOL
from .._client.errors import MemodError, RequestTimeout, Unavailable
from .._client.signals import pass_on
from . import event_filter, fork_notice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Deque, Dict, List, Optional, Protocol, Set, Tuple

    class Subscriber(Protocol):
        """A memoized function, as the listener knows it."""

        def may_hold(self, name: str, key: Any) -> bool:
            """Whether it may have an entry of that key."""

        def invalidate(self) -> None:
            """Forgets what it has."""

        def settle(self) -> None:
            """Forgets what arrived since, a little later."""

        def take_report(self) -> Optional[Dict[str, Any]]:
            """The hits that the daemon does not know of, as a request."""

        def return_report(self, request: Dict[str, Any]) -> None:
            """The request did not arrive."""

_REPORT_SECONDS = 1.0
#: A value that was on its way into the process while an event arrived is in its place after this.
_SETTLE_SECONDS = 0.005
_STOP_SECONDS = 1.0
_NAMES_MAX = 1_000
_ALL = ""  # stands for the names of all functions


class Listener:
    """Subscriptions by function name, and the thread that reads the events. The thread is started without
    `threading`, so that a program does not find it among its own."""

    def __init__(self) -> None:
        self.functions: Dict[str, WeakSet[Subscriber]] = {}
        #: What is to be done when the process ends, in a multiprocessing child, where `atexit` is not heard.
        self.at_exit: Callable[[], None] = lambda: None
        self._finalized_pid = 0
        self._reset()

    def _reset(self) -> None:
        self._lock = RLock()
        # Locks that are held, each by one who waits until anything changes; guarded by _lock. A condition would
        # not do: what a signal handler raises as its wait begins leaves its own lock released.
        self._waiters: List[LockType] = []
        self._connection: Optional[Connection] = None
        self._pending: Deque[str] = deque()  # subscriptions sent and not yet acknowledged; guarded by _lock
        self._heard: Set[str] = set()  # subscriptions acknowledged on this connection; guarded by _lock
        self._watched: Set[str] = set()  # those acknowledged on any connection; guarded by _lock
        self._settling: Deque[Tuple[float, Subscriber]] = deque()
        self._running = False
        self._resumes = False
        self._stopping = False
        self._stopped = allocate_lock()  # held while the thread runs
        self._wake: Optional[Tuple[int, int]] = None
        self._report_at = 0.0

    def hears(self, name: str) -> bool:
        """Whether events of that function arrive."""
        return name in self._heard or _ALL in self._heard

    def ensure(self, name: str, function: Subscriber) -> bool:
        """Subscribes to a function's events and waits until that holds, at most for a request's time."""
        began = time.monotonic()
        limit = address.timeout()
        with self._lock:
            self.functions.setdefault(name, WeakSet()).add(function)
            if self.hears(name):
                return True
            if self._connection is None:
                self._connection = POOL.connect()
                if self._connection is None:
                    return False
                self._start()
                for each in self.functions:
                    self._subscribe(each)
            elif name not in self._pending:
                self._subscribe(name)
        while True:
            with self._lock:
                if self.hears(name):
                    return True
                if self._connection is None:
                    return False
                waiter = allocate_lock()
                waiter.acquire()
                self._waiters.append(waiter)
            remaining = began + limit - time.monotonic()
            if remaining > 0:
                waiter.acquire(True, remaining)
                continue
            longer = address.timeout() * address.crowding()
            if longer <= limit:
                self._lost(RequestTimeout("no answer from the daemon to a subscription"))
                return False
            limit = longer

    def _changed(self) -> None:
        # Called with the lock held.
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.release()

    def _subscribe(self, name: str) -> None:
        # Called with the lock held.
        if self._connection is not None:
            request = {"op": "subscribe", "fn": name}
            if len(self._heard) + len(self._pending) >= _NAMES_MAX:
                # The daemon takes no more for one connection, other than all there are.
                if _ALL in self._heard or _ALL in self._pending:
                    return
                name = _ALL
                del request["fn"]
            try:
                self._connection.send(encode_request(request), address.timeout())
                self._pending.append(name)
            except (MemodError, OSError) as error:
                self._lost(error)
                pass_on(error)
            except BaseException:  # of a signal handler: what was sent is not known, and replies have no names
                self._forget_connection()
                raise

    def _start(self) -> None:
        # Called with the lock held.
        if self._running:
            self._poke()
            return
        self._running = True
        self._stopping = False
        self._stopped = allocate_lock()
        self._stopped.acquire()
        self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._finalize_child()
        start_new_thread(self._run, (self._wake, self._stopped))

    def _finalize_child(self) -> None:
        util = sys.modules.get("multiprocessing.util")
        process = sys.modules.get("multiprocessing.process")
        if util is None or process is None or self._finalized_pid == os.getpid():
            return
        if process.parent_process() is not None:
            self._finalized_pid = os.getpid()
            util.Finalize(None, self.at_exit, exitpriority=0)

    def _poke(self) -> None:
        wake = self._wake
        if wake is not None:
            try:
                os.write(wake[1], b"x")
            except OSError:
                pass  # the pipe is full: it will wake up anyway

    def _lost(self, error: BaseException) -> None:
        with self._lock:
            if self._forget_connection():
                POOL.failed(error)

    def _forget_connection(self) -> bool:
        # Called with the lock held. Whether there was one.
        connection, self._connection = self._connection, None
        self._pending.clear()
        self._heard.clear()
        if connection is not None:
            connection.close()
        self._changed()
        return connection is not None

    def _run(self, wake: Tuple[int, int], stopped: LockType) -> None:
        try:
            while not self._stopping:
                connection = self._connection
                try:
                    self._turn(wake, connection)
                except (MemodError, OSError, ValueError) as error:
                    with self._lock:
                        if self._connection is connection:  # and was not closed meanwhile
                            self._lost(error)
        except BaseException:
            # The interpreter is going down around this thread, or it has a bug: either way stay silent, and
            # let the next call start another.
            pass
        finally:
            for end in wake:
                os.close(end)
            self._running = False
            stopped.release()

    def _turn(self, wake: Tuple[int, int], connection: Optional[Connection]) -> None:
        waiting = poll()
        waiting.register(wake[0], POLLIN)
        if connection is not None:
            waiting.register(connection.fileno(), POLLIN)
        ready = {descriptor for descriptor, _ in waiting.poll(self._pause() * 1000)}
        if wake[0] in ready:
            os.read(wake[0], 4096)
        if connection is None:
            self._reconnect()
        elif connection.fileno() in ready:
            connection.receive(address.timeout())
            while True:
                line = connection.buffered_line()
                if line is None:
                    break
                self._line(decode_reply(line))
        self._settle()
        if time.monotonic() >= self._report_at:
            self._report_at = time.monotonic() + _REPORT_SECONDS
            self.report()

    def _pause(self) -> float:
        pause = self._report_at - time.monotonic()
        if self._connection is None:
            pause = min(pause, 0.1)
        if self._settling:
            pause = min(pause, self._settling[0][0] - time.monotonic())
        return max(pause, 0.0)

    def _reconnect(self) -> None:
        if not self.functions or not POOL.usable():
            return
        connection = POOL.connect()
        if connection is None:
            return
        with self._lock:
            if self._connection is not None:
                connection.close()
                return
            self._connection = connection
            for name in list(self.functions):
                if self.functions[name]:
                    self._subscribe(name)
                else:
                    del self.functions[name]

    def _line(self, line: Dict[str, Any]) -> None:
        event = line.get("event")
        if event is None:
            self._acknowledged(line)
        elif event == "lost":
            for name in list(self.functions):
                self._drop(name)
        elif isinstance(line.get("fn"), str):
            if line.get("client") == POOL.client_name:
                return  # what this process does itself, it has done already
            self._drop(line["fn"], line.get("key") if event == "put" else None)

    def _acknowledged(self, reply: Dict[str, Any]) -> None:
        with self._lock:
            name = self._pending.popleft() if self._pending else None
            if name is not None and reply.get("ok") is True:
                self._heard.add(name)
                for each in [name] if name != _ALL else list(self.functions):
                    if each in self._watched:
                        self._drop(each)  # what happened since the last connection ended was not seen
                    self._watched.add(each)
            elif name is not None:
                self._lost(Unavailable(f"the daemon refused a subscription: {str(reply.get('error'))[:200]}"))
            self._changed()

    def _drop(self, name: str, put_key: Any = None) -> None:
        functions = list(self.functions.get(name, ()))
        if put_key is not None and not any(function.may_hold(name, put_key) for function in functions):
            return
        event_filter.clear(name)
        for function in functions:
            function.invalidate()
            self._settling.append((time.monotonic() + _SETTLE_SECONDS, function))

    def _settle(self) -> None:
        while self._settling and self._settling[0][0] <= time.monotonic():
            self._settling.popleft()[1].settle()

    def report(self) -> None:
        """Tells the daemon of the hits served since the last time."""
        reports = []
        for functions in list(self.functions.values()):
            for function in list(functions):
                reported = function.take_report()
                if reported is not None:
                    reports.append((function, reported))
        if not reports:
            return
        lines: List[bytes] = [encode_request(reported) for _, reported in reports]
        replies = POOL.exchange(lines)
        for place, (function, reported) in enumerate(reports):
            if replies is None or replies[place].get("ok") is not True:
                function.return_report(reported)

    def stop(self) -> None:
        """Ends the thread, before a fork, so that the child finds no lock held by it."""
        self._stopping = True
        self._resumes = self._running
        if self._running:
            self._poke()
            if self._stopped.acquire(True, _STOP_SECONDS):
                self._stopped.release()

    def before_fork(self) -> None:
        """Stops, and has the interpreter not warn of a thread that is not there."""
        threads = fork_notice.threads() if self._running else 0
        self.stop()
        if threads:
            fork_notice.before_fork(threads - 1)

    def resume(self) -> None:
        """Starts the thread again, after a fork in the parent."""
        with self._lock:
            self._stopping = False
            if self._resumes and not self._running:
                self._start()

    def forget(self) -> None:
        """In a forked child: nothing is heard here until the first use starts another connection."""
        connection, wake = self._connection, self._wake
        if connection is not None:
            connection.close()
        if self._running and wake is not None:  # the thread did not stop in time, and does not exist here
            for end in wake:
                os.close(end)
        self._reset()


LISTENER = Listener()
