"""One connection to the daemon: lines out, lines in, each exchange within a deadline."""

from __future__ import annotations

import _socket
import json
import os
import struct
import time

from .._codec.codec import dumps
from . import address, autostart
from .errors import ProtocolError, RequestTimeout, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any, Dict, FrozenSet, List, Optional
    from typing_extensions import TypeAlias

Reply: TypeAlias = "Dict[str, Any]"

#: The longest line read from a daemon, in bytes, unless its own limit on requests is higher; and the room for further
#: fields beside a value.
LINE_BYTES_MAX = 64 << 20
LINE_BYTES_MORE = 1 << 20
#: Events kept for a subscriber that does not ask for them.
EVENTS_MAX = 10_000
_CHUNK_BYTES = 1 << 18
_SHORT_BYTES = 1 << 12
#: A long line may take longer than the timeout, by one second for this many bytes.
BYTES_PER_SECOND = 8 << 20
#: How long an answer is looked for before the thread sleeps, in seconds: it takes a few microseconds, and where the
#: daemon has to wake up first some tens, as this thread would. If that was in vain, this many requests sleep at once.
_LOOK_SECONDS = 100e-6
_LOOK_PAUSE = 32


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def encode_request(request: Dict[str, Any]) -> bytes:
    """A request as a line. Text that is not valid Unicode travels as escapes, for the daemon to judge."""
    text = dumps(request)
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(request, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def key_request(operation: str, name: Optional[str], key: Optional[str], more: str = "") -> bytes:
    """A request about one entry as a line. `key` and `more`, further members, are JSON text already."""
    return f'{{"op":"{operation}","fn":{json.dumps(name)},"key":{key}{more}}}\n'.encode()


_scan: Any = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


def decode_reply(line: bytes) -> Reply:
    """A line as an object. Raises `ProtocolError` for anything else."""
    try:
        text = line.decode()
        reply, end = _scan(text if text[:1] == "{" else text.lstrip(), 0)
    except (ValueError, StopIteration, RecursionError) as error:
        raise ProtocolError(f"not a line of JSON: {line[:80]!r}") from error
    if type(reply) is not dict or (end < len(text) - 1 and text[end:].strip()):
        raise ProtocolError(f"not an object: {line[:80]!r}")
    return reply


def line_limit(limits: Dict[str, Any]) -> int:
    """The longest request that a daemon takes, in bytes."""
    limit = limits.get("max_line")
    return limit if type(limit) is int and limit > 0 else LINE_BYTES_MAX


def features_of(hello: Reply) -> FrozenSet[str]:
    """The additions to the protocol that a daemon has."""
    named = hello.get("features")
    return frozenset(each for each in named if isinstance(each, str)) if isinstance(named, list) else frozenset()


def _note(events: List[Reply], event: Reply) -> None:
    if len(events) < EVENTS_MAX:
        events.append(event)
    elif events[-1].get("event") != "lost":
        events.append({"event": "lost"})


class Connection:
    """A blocking connection. Not for several threads at once; closed by any failure, since after one the
    replies would no longer match the requests."""

    def __init__(self, path: Optional[str] = None, timeout: Optional[float] = None, client: str = "") -> None:
        """Connects, and names itself `client` to the daemon. `timeout` is in seconds, a request.

        Raises `Unavailable`, `RequestTimeout` or `ProtocolError`."""
        self.timeout = address.timeout() if timeout is None else timeout
        self._crowding = address.crowding if timeout is None else lambda: 1.0
        self.pid = os.getpid()
        self.limits: Dict[str, Any] = {}
        #: Another one after each start of a daemon, and whether it publishes hits in shared memory.
        self.instance = ""
        self.publishes = False
        #: What the daemon has been given beyond protocol 1 as it began: names of additions.
        self.features: FrozenSet[str] = frozenset()
        self.line_bytes_max = LINE_BYTES_MAX
        self._input = bytearray()
        self._scanned = 0
        # Where there is one processor, the daemon cannot answer while it is looked for.
        self._look_pause = 0 if _processors() > 1 else -1
        self._seconds: Optional[float] = self.timeout  # as the socket has it: setting it is a system call
        self._socket: Optional[socket.socket] = None
        reply = self._greet(path, client)
        if autostart.is_outdated(reply, path):
            self.close()  # it ends once it is idle
            autostart.retire()
            reply = self._greet(path, client)
        limits = reply.get("limits")
        self.limits = limits if isinstance(limits, dict) else {}
        self.features = features_of(reply)
        self.instance = str(reply.get("instance", ""))
        self.publishes = reply.get("region") is True
        self.line_bytes_max = max(LINE_BYTES_MAX, line_limit(self.limits))

    def _greet(self, path: Optional[str], client: str) -> Reply:
        """Connects; returns the reply to hello."""
        self._socket = autostart.connect(path, self.timeout)
        limit = struct.pack("@ll", int(self.timeout), int(self.timeout % 1 * 1e6) or 1)
        for option in (_socket.SO_RCVTIMEO, _socket.SO_SNDTIMEO):
            self._socket.setsockopt(_socket.SOL_SOCKET, option, limit)
        self._seconds = self.timeout
        hello: Dict[str, Any] = {"op": "hello"}
        if client:
            hello["client"] = client
        try:
            reply = self.exchange([encode_request(hello)], autostart.patience(path))[0]
        except BaseException:
            self.close()
            raise
        if reply.get("ok") is not True:
            self.close()
            error = reply.get("error")
            message = error.get("message", "") if isinstance(error, dict) else ""
            raise Unavailable(f"the daemon refused the connection: {message}")
        if reply.get("server") != "memod" or reply.get("protocol") != 1:
            self.close()
            raise ProtocolError("what listens there does not speak memod's protocol 1")
        return reply

    @property
    def closed(self) -> bool:
        """Whether it was closed, or belongs to the process that this one was forked from."""
        return self._socket is None or self.pid != os.getpid()

    def fileno(self) -> int:
        """The descriptor, for `select`."""
        if self._socket is None:
            raise Unavailable("the connection is closed")
        return self._socket.fileno()

    def close(self) -> None:
        """Closes this process's end. A parent's connection stays open in the parent."""
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()

    def exchange(
        self, lines: List[bytes], wait: float = 0.0, events: Optional[List[Reply]] = None
    ) -> List[Reply]:
        """Sends requests together and reads as many replies. `wait` is what the daemon itself may take, in
        seconds, on top of the timeout; `events` is given the events that come between. Raises
        `Unavailable`, `RequestTimeout` or `ProtocolError`."""
        if len(lines) == 1 and not wait and len(lines[0]) <= _CHUNK_BYTES:
            return [self._ask(lines[0], events)]
        try:
            limit = self.timeout + wait + sum(map(len, lines)) / BYTES_PER_SECOND
            deadline = time.monotonic() + limit
            self.send(b"".join(lines), limit)
            replies: List[Reply] = []
            while len(replies) < len(lines):
                reply = decode_reply(self.read_line(deadline))
                if "event" not in reply:
                    replies.append(reply)
                elif events is not None:
                    _note(events, reply)
            return replies
        except BaseException:
            self.close()
            raise

    def _ask(self, line: bytes, events: Optional[List[Reply]]) -> Reply:
        # What nearly all exchanges are, and where every microsecond counts.
        try:
            # Left to the kernel, the time limit takes no `poll` before each call.
            connection = self._socket
            if connection is None or self._seconds is not None:
                connection = self.timed(None)
            try:
                sent = connection.send(line)
                data = self._await(connection) if sent == len(line) else b""
            except BlockingIOError as error:
                raise RequestTimeout(f"no answer from the daemon within {self.timeout:g} s") from error
            except OSError as error:
                raise Unavailable(f"the connection to the daemon ended: {error}") from error
            if not data:
                raise Unavailable("the daemon closed the connection")
            if self._input or not 0 < data.find(b"\n") == len(data) - 1:
                self._input += data
                data = self.read_line(time.monotonic() + self.timeout)
            reply = decode_reply(data)
            while "event" in reply:
                if events is not None:
                    _note(events, reply)
                reply = decode_reply(self.read_line(time.monotonic() + self.timeout))
            return reply
        except BaseException:
            self.close()
            raise

    def _await(self, connection: socket.socket) -> bytes:
        """What the daemon sends next."""
        if self._look_pause == 0:
            until = time.perf_counter() + _LOOK_SECONDS
            while True:
                try:
                    return connection.recv(_SHORT_BYTES, _socket.MSG_DONTWAIT)
                except BlockingIOError:
                    # Bounded by time, since other threads may have the interpreter between two looks.
                    if time.perf_counter() > until:
                        break
            self._look_pause = _LOOK_PAUSE
        elif self._look_pause > 0:
            self._look_pause -= 1
        waited = 0
        while True:
            try:
                return connection.recv(_SHORT_BYTES)
            except BlockingIOError:
                waited += 1
                if waited >= self._crowding():
                    raise

    def timed(self, seconds: Optional[float]) -> socket.socket:
        """The socket, with a time limit of its own or (None) the kernel's."""
        connection = self._socket
        if connection is None:
            raise Unavailable("the connection is closed")
        if self._seconds != seconds:
            connection.settimeout(seconds)
            self._seconds = seconds
        return connection

    def send(self, data: bytes, seconds: float) -> None:
        """Sends all of `data` within the time given."""
        connection = self.timed(seconds)
        try:
            connection.sendall(data)
        except _socket.timeout as error:
            raise RequestTimeout("the daemon does not read") from error
        except OSError as error:
            raise Unavailable(f"the connection to the daemon ended: {error}") from error

    def read_line(self, deadline: float) -> bytes:
        """The next line that is not empty, by `deadline` on the monotonic clock, or later on a crowded machine."""
        waited = 0
        while True:
            line = self.buffered_line()
            if line is not None:
                return line
            remaining = deadline - time.monotonic()
            try:
                # A long line takes its time.
                deadline += self.receive(max(remaining, 0.001)) / BYTES_PER_SECOND
            except RequestTimeout:
                waited += 1
                if waited >= self._crowding():
                    raise
                deadline += self.timeout

    def buffered_line(self) -> Optional[bytes]:
        """A whole line that was already received, or None."""
        while True:
            end = self._input.find(b"\n", self._scanned)
            if end < 0:
                self._scanned = len(self._input)
                if self._scanned > self.line_bytes_max + LINE_BYTES_MORE:
                    raise ProtocolError("the daemon's line is longer than any reply")
                return None
            line = bytes(self._input[:end])
            del self._input[: end + 1]
            self._scanned = 0
            if line.strip():
                return line

    def receive(self, seconds: float) -> int:
        """Waits for bytes from the daemon, at most so long; how many have come."""
        connection = self.timed(seconds)
        try:
            chunk = connection.recv(_CHUNK_BYTES)
        except _socket.timeout as error:
            raise RequestTimeout(f"no answer from the daemon within {self.timeout:g} s") from error
        except OSError as error:
            raise Unavailable(f"the connection to the daemon ended: {error}") from error
        if not chunk:
            raise Unavailable("the daemon closed the connection")
        self._input += chunk
        return len(chunk)
