"""Starts a daemon for this user where none answers and no socket is named. `ensure` is called where connecting
found no one; everything else is this module's own affair.

One process at a time starts, behind a lock beside the socket; the others wait in silence. A start that fails is
not tried again for a while, and whoever waited for it fails with it."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time

from . import address, chance, daemon_process
from .complaint import complain
from .errors import NotRunning, Starting, Unavailable
from .version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any, Dict, Iterator, Optional

#: How long a start by anyone is waited for.
_PATIENCE_SECONDS = 5.0
#: After a start that failed, or was waited for in vain.
_PAUSE_SECONDS = 60.0
#: How long an older daemon that was asked to end is waited for.
_RETIRE_SECONDS = 0.4
_POLL_SECONDS = (0.004, 0.025)
_OWN_VERSION = daemon_process.version_of(VERSION) or ()
_NO = ("0", "no", "off", "false")


class _State(threading.local):
    #: Whether this thread is within `ensure`: a signal handler or a finalizer must not wait for it.
    inside = False


_inside = _State()
_retry_at = 0.0
_reason: Optional[Unavailable] = None
_may_replace = True


def applies(path: Optional[str]) -> bool:
    """Whether a daemon may be started for who connects to `path`."""
    if path is not None or os.environ.get("MEMOD_SOCKET"):
        return False
    return os.environ.get("MEMOD_AUTOSTART", "").strip().lower() not in _NO


def connect(path: Optional[str], seconds: float) -> socket.socket:
    """As `address.connect`; if no one listens, a daemon is started."""
    try:
        return address.connect(path, seconds)
    except NotRunning as missing:
        if not applies(path):
            raise
        ensure(missing)
    return address.connect(path, seconds)


def ensure(missing: NotRunning) -> None:
    """Returns once a daemon answers. Raises `missing`, or why no daemon could be started."""
    if _inside.inside:
        raise missing
    if time.monotonic() < _retry_at:
        raise _reason or missing
    _inside.inside = True
    try:
        _ensure(missing)
    finally:
        _inside.inside = False


def _ensure(missing: NotRunning) -> None:
    began = _boot_seconds()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    try:
        plan = daemon_process.plan()
        lock = os.open(plan.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except daemon_process.Refused as refused:
        raise _failed(f"{missing}; {refused}") from None
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise _failed(f"{missing}; memod was not started: {place}{error.strerror or error}") from None
    try:
        for pause in _pauses():
            if _take(lock):
                try:
                    if _answers(deadline):
                        return
                    reason = _failure(lock, began)
                    if reason is not None:
                        raise _failed(reason)
                    # One that is about to end, or to listen, holds what another would need.
                    if daemon_process.holder(plan.socket) is None:
                        _start(plan, lock, deadline)
                        return
                finally:
                    fcntl.flock(lock, fcntl.LOCK_UN)  # for a child forked meanwhile, too, which has it open
            if time.monotonic() >= deadline:
                raise _slow()
            time.sleep(pause)
    finally:
        os.close(lock)


def _start(plan: daemon_process.Plan, lock: int, deadline: float) -> None:
    """Starts the daemon and waits until it answers. Called with the lock held."""
    process = daemon_process.Daemon(plan)
    for pause in _pauses():
        if _answers(deadline):
            for notice in process.notices():
                complain(notice)
            return
        if process.ended():
            if _answers(deadline):
                return  # another one was first
            reason = f"memod could not be started: {process.last_words()} (log: {plan.log})"
            _note_failure(lock, reason)
            raise _failed(reason)
        if time.monotonic() >= deadline:
            raise _slow()
        time.sleep(pause)


def _answers(deadline: float) -> bool:
    """Whether a daemon answers: one that listens already may still be loading."""
    remaining = max(deadline - time.monotonic(), 0.05)
    try:
        connection = address.connect(None, remaining)
    except NotRunning:
        return False
    with connection:
        try:
            connection.sendall(b'{"op":"hello"}\n')
            return connection.recv(1) != b""
        except OSError:
            return False


def _pauses() -> Iterator[float]:
    least, most = _POLL_SECONDS
    while True:
        yield least * chance.between(1.0, 1.5)
        least = min(least * 1.5, most)


def _take(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False


def _boot_seconds() -> float:
    """One clock for all processes, whatever is done to the time of day."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _note_failure(lock: int, reason: str) -> None:
    """For those who waited for this start."""
    try:
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps({"failed": _boot_seconds(), "reason": reason}).encode(), 0)
    except OSError:
        pass


def _failure(lock: int, since: float) -> Optional[str]:
    """Why the start failed that was waited for since then, if one did."""
    try:
        noted = json.loads(os.pread(lock, 8192, 0))
        return str(noted["reason"]) if noted["failed"] >= since else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _failed(reason: str) -> Unavailable:
    return _pause(Unavailable(reason))


def _slow() -> Unavailable:
    return _pause(Starting("memod is still starting"))


def _pause(error: Unavailable) -> Unavailable:
    global _retry_at, _reason
    _retry_at = time.monotonic() + _PAUSE_SECONDS
    _reason = error
    return error


def patience(path: Optional[str]) -> float:
    """What the first answer on a new connection may take beyond the usual, in seconds: a daemon that someone is
    starting listens before it has loaded."""
    if not applies(path):
        return 0.0
    try:
        lock = os.open(daemon_process.start_lock(), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return 0.0
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return 0.0
    except OSError:
        return _PATIENCE_SECONDS
    finally:
        os.close(lock)


def is_outdated(hello: Dict[str, Any], path: Optional[str]) -> bool:
    """Whether the daemon was started by clients of an older version, and a newer one could be. True once a
    process."""
    global _may_replace
    found = daemon_process.version_of(hello.get("version"))
    if found is None or found >= _OWN_VERSION or not _may_replace or not applies(path):
        return False
    _may_replace = False
    pid = daemon_process.holder()
    return pid is not None and daemon_process.was_started_by_client(pid) and daemon_process.have_newer(found)


def retire() -> None:
    """Asks that daemon to end once it is idle, and waits a moment for that: the next connection starts the newer
    one, or goes on with this one."""
    import signal

    pid = daemon_process.holder()
    if pid is None:
        return
    try:
        os.kill(pid, signal.SIGUSR1)
    except OSError:
        return
    deadline = time.monotonic() + _RETIRE_SECONDS
    while daemon_process.is_alive(pid) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS[0])
