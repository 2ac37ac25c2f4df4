"""What the pytest fixtures do."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from typing import Any, Iterator

from ._client.client import Client
from ._client.connection_pool import POOL
from ._decorator import decorator

_READY_SECONDS = 30.0


@contextmanager
def daemon(directory: Any) -> Iterator[str]:
    """A daemon on a socket and a database of its own: its socket."""
    program = os.environ.get("MEMOD_BIN") or shutil.which("memod")
    if not program:
        raise RuntimeError("there is no memod to test with: set MEMOD_BIN, or put it on PATH")
    with tempfile.TemporaryDirectory(prefix="memod-") as place:  # paths of sockets are short
        socket = os.path.join(place, "s")
        process = subprocess.Popen(
            [program, "--socket", socket, "--database", os.path.join(str(directory), "memod.db")],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if not name.startswith("MEMOD_")},
        )
        try:
            assert process.stderr is not None
            said = b""
            for line in process.stderr:
                said += line
                if b"ready" in line:
                    break
            else:
                raise RuntimeError(f"memod did not start: {said.decode(errors='replace')}")
            yield socket
        finally:
            process.terminate()
            process.communicate()


def client(socket: str) -> Client:
    """A client of the daemon there."""
    return Client(socket)


@contextmanager
def anew(off: bool = False) -> Iterator[None]:
    """Memoized functions begin as in a new process, and so they do again afterwards."""
    decorator.start_anew()
    before, POOL.off = POOL.off, off
    try:
        yield
    finally:
        decorator.start_anew()
        POOL.off = before
