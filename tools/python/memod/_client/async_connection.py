"""One connection to the daemon for a running event loop."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections import deque
from typing import Any, Deque, Dict, FrozenSet, List, Optional

from . import address, autostart
from .connection import (
    BYTES_PER_SECOND,
    LINE_BYTES_MAX,
    LINE_BYTES_MORE,
    Reply,
    decode_reply,
    encode_request,
    features_of,
    line_limit,
)
from .errors import NotRunning, ProtocolError, RequestTimeout, Unavailable

_CHUNK_BYTES = 1 << 18


class AsyncConnection:
    """As `Connection`, but waits without blocking the loop it was made in. Exchanges of several tasks take
    turns. It uses the loop's socket operations: nothing of it stays behind in a loop that ends."""

    def __init__(self, timeout: Optional[float] = None) -> None:
        self.timeout = address.timeout() if timeout is None else timeout
        self.pid = os.getpid()
        self.limits: Dict[str, Any] = {}
        self.features: FrozenSet[str] = frozenset()
        #: As `Connection` has them.
        self.instance = ""
        self.publishes = False
        self.line_bytes_max = LINE_BYTES_MAX
        self.events: Deque[Reply] = deque(maxlen=10_000)
        self._socket: Optional[socket.socket] = None
        self._input = bytearray()
        self._scanned = 0
        self._turn = asyncio.Lock()

    @classmethod
    async def open(
        cls, path: Optional[str] = None, timeout: Optional[float] = None, client: str = ""
    ) -> AsyncConnection:
        """Connects, and says hello. Raises `Unavailable`, `RequestTimeout` or `ProtocolError`."""
        made = cls(timeout)
        reply = await made._greet(path, client)
        if autostart.is_outdated(reply, path):
            made.close()  # it ends once it is idle
            await asyncio.get_running_loop().run_in_executor(None, autostart.retire)
            reply = await made._greet(path, client)
        limits = reply.get("limits")
        made.limits = limits if isinstance(limits, dict) else {}
        made.features = features_of(reply)
        made.instance = str(reply.get("instance", ""))
        made.publishes = reply.get("region") is True
        made.line_bytes_max = max(LINE_BYTES_MAX, line_limit(made.limits))
        return made

    async def _greet(self, path: Optional[str], client: str) -> Reply:
        """Connects; returns the reply to hello."""
        try:
            # A Unix socket connects at once, or waits for room in the backlog: that is bounded by the timeout.
            self._socket = address.connect(path, self.timeout)
        except NotRunning:
            # To start a daemon takes its time.
            self._socket = await asyncio.get_running_loop().run_in_executor(
                None, autostart.connect, path, self.timeout
            )
        self._socket.setblocking(False)
        hello: Dict[str, Any] = {"op": "hello"}
        if client:
            hello["client"] = client
        reply = (await self.exchange([encode_request(hello)], autostart.patience(path)))[0]
        if reply.get("ok") is not True or reply.get("server") != "memod" or reply.get("protocol") != 1:
            self.close()
            raise Unavailable(f"the daemon refused the connection: {str(reply.get('error'))[:200]}")
        return reply

    @property
    def closed(self) -> bool:
        """Whether it was closed, or belongs to the process that this one was forked from."""
        return self._socket is None or self.pid != os.getpid()

    def close(self) -> None:
        """Closes it at once."""
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()

    def __del__(self) -> None:
        self.close()

    async def exchange(self, lines: List[bytes], wait: float = 0.0) -> List[Reply]:
        """Sends requests together and reads as many replies. `wait` is what the daemon itself may take, in
        seconds, on top of the timeout. Raises `Unavailable`, `RequestTimeout` or `ProtocolError`."""
        async with self._turn:
            wait += sum(map(len, lines)) / BYTES_PER_SECOND
            try:
                return await asyncio.wait_for(self._exchange(lines), self.timeout + wait)
            except asyncio.TimeoutError as error:
                self.close()
                raise RequestTimeout(f"no answer from the daemon within {self.timeout + wait:g} s") from error
            except OSError as error:
                self.close()
                raise Unavailable(f"the connection to the daemon ended: {error}") from error
            except BaseException:
                self.close()
                raise

    async def _exchange(self, lines: List[bytes]) -> List[Reply]:
        if self._socket is None:
            raise Unavailable("the connection is closed")
        await asyncio.get_running_loop().sock_sendall(self._socket, b"".join(lines))
        replies: List[Reply] = []
        while len(replies) < len(lines):
            reply = decode_reply(await self._line())
            (self.events if "event" in reply else replies).append(reply)
        return replies

    async def next_event(self, seconds: Optional[float]) -> Optional[Reply]:
        """The next event of a subscription, or None when the time is over. Raises as `exchange` does."""
        deadline = None if seconds is None else time.monotonic() + seconds
        async with self._turn:
            while not self.events:
                line = self._buffered()
                if line is not None:
                    self.events.append(decode_reply(line))
                    continue
                remaining = None if deadline is None else deadline - time.monotonic()
                if remaining is not None and remaining <= 0:
                    return None
                try:
                    await asyncio.wait_for(self._receive(), remaining)
                except asyncio.TimeoutError:
                    return None
            return self.events.popleft()

    async def _line(self) -> bytes:
        while True:
            line = self._buffered()
            if line is not None:
                return line
            await self._receive()

    def _buffered(self) -> Optional[bytes]:
        while True:
            end = self._input.find(b"\n", self._scanned)
            if end < 0:
                self._scanned = len(self._input)
                if len(self._input) > self.line_bytes_max + LINE_BYTES_MORE:
                    raise ProtocolError("the daemon's line is longer than any reply")
                return None
            line = bytes(self._input[:end])
            del self._input[: end + 1]
            self._scanned = 0
            if line.strip():
                return line

    async def _receive(self) -> None:
        if self._socket is None:
            raise Unavailable("the connection is closed")
        chunk = await asyncio.get_running_loop().sock_recv(self._socket, _CHUNK_BYTES)
        if not chunk:
            self.close()
            raise Unavailable("the daemon closed the connection")
        self._input += chunk
