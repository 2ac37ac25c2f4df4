"""The memory in which a daemon publishes hits to this process: when it is mapped, and where each function is in it.

A process maps it once it has had some hits from the daemon. Whatever goes wrong here, the daemon is asked instead."""

from __future__ import annotations

import _socket
import array
import json
import os
import threading
import time
import weakref

from .._client.complaint import complain
from .._client.errors import MemodError
from .._client.signals import pass_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple, Union
    from typing_extensions import TypeAlias

    from .._client.async_connection import AsyncConnection
    from .._client.connection import Connection

#: Hits from the daemon before the region is mapped, and hits of one function before its place is asked for.
_HITS_FIRST = 16
_FUNCTION_HITS_FIRST = 2
#: After this many hits of a function that were not found in the region, its place is asked for again.
_HITS_AGAIN = 64
_PAUSE_SECONDS = 1.0
#: After a refusal.
_RETRY_SECONDS = 10.0
_FUNCTIONS_MAX = 4096
_DESCRIPTORS_MAX = 8


class _Unreadable(OSError):
    """The daemon is there, and what it handed over makes no sense."""


#: The value, what it cost in ms, until when on the clock of `boot_ms` it is fresh (None for ever), and how long it was
#: to be when it was stored, in ms: 0 where that is not known.
Found: TypeAlias = "Tuple[Any, int, Optional[int], int]"

_clock, _BOOT = time.clock_gettime_ns, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_scan: Any = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


#: What spells keys as the daemon does. There is none before anything is mapped.
_canonical: Any = None


def _reader_type() -> Any:
    if os.environ.get("MEMOD_REGION", "").strip().lower() in ("0", "no", "off", "false"):
        return None
    try:
        from . import _reader  # type: ignore[attr-defined]

        return _reader.Reader
    except ImportError:
        from . import pure_reader

        return pure_reader.Reader if pure_reader.usable() else None


def boot_ms() -> int:
    """The clock by which entries end."""
    return _clock(_BOOT) // 1_000_000


class Function:
    """Where a function's hits are published."""

    __slots__ = ("number", "place", "typed", "reader", "hits", "ask_at", "asked")

    def __init__(self) -> None:
        self.reader: Any = None
        self.number = self.place = self.hits = 0
        self.typed = False
        self.ask_at = _FUNCTION_HITS_FIRST
        self.asked = 0.0

    def find(self, key: str) -> Optional[Found]:
        """What is published of a key, given as JSON text; or None."""
        reader = self.reader
        if reader is None:
            return None
        try:
            found: Any = reader.look(self.number, self.place, key, _scan)
            if found is not False:
                return found  # type: ignore[no-any-return]
            found = reader.find(self.number, self.place, _canonical(key, self.typed).encode())
            if found is None:
                return None
            text, cost, fresh, life = found
            return _scan(text, 0)[0], cost, fresh, life
        except (ValueError, StopIteration, RecursionError):
            return None


class Region:
    """What one daemon publishes to this process."""

    def __init__(self, instance: str, path: Optional[str], seconds: float) -> None:
        self.instance = instance
        self._path = path
        self._seconds = seconds
        self._has_complained = False
        self._start()

    def _start(self) -> None:
        self.functions: Dict[str, Function] = {}
        self._readers: List[Any] = []
        self._places = 0
        self._connection: Optional[Connection] = None
        self._lock = threading.Lock()
        self._hits = 0
        self._retry_at = 0.0

    def forget(self) -> None:
        """Begins anew: in a forked child, or as the daemon has closed the region."""
        connection = self._connection
        for function in self.functions.values():
            function.reader = None
        self._start()
        if connection is not None:
            connection.close()

    def find(self, name: str, key: str) -> Optional[Found]:
        """As `Function.find`."""
        function = self.functions.get(name)
        return None if function is None else function.find(key)

    def answered(self, name: str) -> None:
        """A hit came from the daemon: now and then it is asked where its hits are published."""
        function = self.counted(name)
        if function is not None:
            self.learn(name, function)

    def counted(self, name: str) -> Optional[Function]:
        """Counts a hit that came from the daemon; the function where `learn` is to be called for it."""
        self._hits += 1
        if self._hits < _HITS_FIRST:
            return None
        function = self.functions.get(name)
        if function is None:
            if len(self.functions) >= _FUNCTIONS_MAX:
                return None
            function = self.functions.setdefault(name, Function())
        function.hits += 1
        return function if function.hits >= function.ask_at else None

    def learn(self, name: str, function: Function) -> None:
        """Asks the daemon, and maps the region before if it is not mapped."""
        now = time.monotonic()
        if now < function.asked + _PAUSE_SECONDS or now < self._retry_at:
            return
        if not self._lock.acquire(False):
            return
        try:
            function.asked = now
            function.hits = 0
            function.ask_at = _HITS_AGAIN
            if self._readers and not all(reader.is_open() for reader in self._readers):
                self.forget()
                return
            if not self._readers:
                self._map()
            self._place(name, function)
        except (MemodError, OSError, ValueError) as error:
            pass_on(error)
            self.forget()
            self._retry_at = now + _RETRY_SECONDS
            if isinstance(error, _Unreadable) and not self._has_complained:
                self._has_complained = True
                complain(f"what the daemon publishes cannot be read, so that it is asked for each hit: {error}")
        finally:
            try:
                self._lock.release()
            except RuntimeError:
                pass  # begun anew

    def _map(self) -> None:
        global _canonical
        from .._client.connection import Connection, encode_request
        from .canonical import canonical

        _canonical = canonical

        make = _reader_type()
        if make is None:
            self._retry_at = float("inf")
            return
        connection = Connection(self._path, self._seconds, "region")
        try:
            before = boot_ms()
            connection.send(encode_request({"op": "map"}), self._seconds)
            line, descriptors = _receive(connection, self._seconds)
            after = boot_ms()
            try:
                reply = json.loads(line)
                if reply.get("ok") is not True or reply.get("instance") != self.instance:
                    raise OSError("the daemon hands over no region")
                if len(descriptors) != 1 + 2 * reply["regions"] or descriptors[1:] == []:
                    raise OSError("descriptors are missing")
                # In another time namespace what ends would end at another time.
                serves_ending = before <= reply["boottime_ms"] <= after
                pairs = zip(descriptors[1::2], descriptors[2::2])
                try:
                    self._readers = [make(descriptors[0], region, uses, serves_ending) for region, uses in pairs]
                except OSError as error:
                    # Where the daemon has ended meanwhile, this raises, and there is nothing to be said.
                    connection.exchange([encode_request({"op": "ping"})])
                    raise _Unreadable(str(error)) from error
                self._places = reply["places"]
            finally:
                for descriptor in descriptors:
                    os.close(descriptor)
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def _place(self, name: str, function: Function) -> None:
        from .._client.connection import encode_request

        connection = self._connection
        if connection is None:
            return
        info = connection.exchange([encode_request({"op": "info", "fn": name})])[0]
        found = info.get("region")
        if info.get("ok") is not True or type(found) is not dict:
            function.reader = None
            return
        index, place = divmod(found["place"], self._places)
        function.reader = None  # while the others change
        function.number, function.place, function.typed = found["number"], place, info.get("typed") is True
        function.reader = self._readers[index]


def _receive(connection: Connection, seconds: float) -> Tuple[bytes, List[int]]:
    """The reply to `map`, and the descriptors that come with it."""
    end = connection.timed(seconds)
    size = array.array("i").itemsize
    data, control, flags, _ = end.recvmsg(
        1 << 12, _socket.CMSG_SPACE(_DESCRIPTORS_MAX * size), _socket.MSG_CMSG_CLOEXEC
    )
    descriptors = array.array("i")
    for level, kind, payload in control:
        if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
            descriptors.frombytes(payload[: len(payload) // size * size])
    if flags & _socket.MSG_CTRUNC or not data.endswith(b"\n"):
        for descriptor in descriptors:
            os.close(descriptor)
        raise OSError("the reply to map is cut off")
    return data, list(descriptors)


#: By instance. A region goes with the last client of its daemon.
_regions: "weakref.WeakValueDictionary[str, Region]" = weakref.WeakValueDictionary()


def region_of(connection: Union[Connection, AsyncConnection], path: Optional[str]) -> Optional[Region]:
    """The region of the daemon that was connected to, or None if it has none."""
    instance = connection.instance
    if not connection.publishes or not instance:
        return None
    region = _regions.get(instance)
    if region is None:
        region = _regions[instance] = Region(instance, path, connection.timeout)
    return region


def _forked() -> None:
    for region in list(_regions.values()):
        region.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
