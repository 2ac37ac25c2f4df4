"""Where the daemon's socket may be, and whether what listens there may be trusted."""

from __future__ import annotations

import _socket
import os
import re
import stat
import struct
import sys

from .at_work import working
from .complaint import complain
from .errors import NotRunning, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any, List, Optional, Set

_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|)")
_DEFAULT_TIMEOUT = 1.0
_CROWDING_MAX = 10.0
#: Values of `MEMOD_TIMEOUT` that were complained of.
_complained: Set[str] = set()


def candidates(path: Optional[str] = None) -> List[str]:
    """The socket paths to try, in order. A path that was named, or `MEMOD_SOCKET`, is the only one."""
    if path is not None and not os.fspath(path):
        # As of a variable that is not set: not to be taken for another daemon.
        raise ValueError("the path of the socket is empty")
    chosen = path if path is not None else os.environ.get("MEMOD_SOCKET")
    if chosen:
        return [os.fspath(chosen)]
    found = []
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.path.isabs(runtime):
        found.append(os.path.join(runtime, "memod", "memod.sock"))
    found.append("/run/memod/memod.sock")
    directory = f"/tmp/memod-{os.getuid()}"
    if _private(directory):
        found.append(os.path.join(directory, "memod.sock"))
    return found


def _private(directory: str) -> bool:
    # Anyone may create names in /tmp: only a real directory of ours that no one else can enter counts.
    try:
        found = os.lstat(directory)
    except OSError:
        return False
    return (
        stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and stat.S_IMODE(found.st_mode) == 0o700
    )


def timeout() -> float:
    """Seconds that one request may take: `MEMOD_TIMEOUT` (`0.5`, `250ms`, `2s`), 1 where unset. Of what makes
    no sense the program is told once."""
    text = os.environ.get("MEMOD_TIMEOUT", "").strip()
    match = _DURATION.fullmatch(text)
    seconds = float(match.group(1)) * {"ms": 0.001, "m": 60.0}.get(match.group(2), 1.0) if match else 0.0
    if seconds > 0:
        return seconds
    if text and text not in _complained:
        _complained.add(text)
        complain(f"MEMOD_TIMEOUT={text!r} is no time like 0.5, 250ms, 2s or 1m; it is taken for 1s")
    return _DEFAULT_TIMEOUT


def check_peer(connected: socket.socket) -> None:
    """Raises `Unavailable` unless the other end is our own user, root, or the user `memod`."""
    packed = connected.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, _CREDENTIALS.size)
    uid = _CREDENTIALS.unpack(packed)[1]
    if uid not in (os.geteuid(), 0) and uid != _memod_uid():
        raise Unavailable(f"the socket belongs to uid {uid}, which is neither this user, root nor memod")


def _memod_uid() -> Optional[int]:
    try:
        import pwd

        return pwd.getpwnam("memod").pw_uid
    except (ImportError, KeyError):
        return None


def _connect(connection: socket.socket, path: str) -> None:
    """Is no concern of the function in whose course it happens."""
    before, working.on = working.on, True
    try:
        connection.connect(path)
    finally:
        working.on = before


def _new_socket() -> socket.socket:
    """Of the kind that the program uses, if it uses any: it may have put another in its place, as gevent does."""
    make: Any = getattr(sys.modules.get("socket"), "socket", None) or _socket.socket
    made: socket.socket = make(_socket.AF_UNIX, _socket.SOCK_STREAM)
    return made


def connect(path: Optional[str], seconds: float) -> socket.socket:
    """A connected socket to the first daemon found, its peer checked. Raises `Unavailable`; `NotRunning` where
    no one listens at any of the usual places."""
    tried = []
    refused = ""
    for candidate in candidates(path):
        connection = _new_socket()
        try:
            connection.settimeout(seconds)
            _connect(connection, candidate)
            check_peer(connection)
            return connection
        except Unavailable:
            connection.close()
            raise
        except (OSError, ValueError) as error:
            connection.close()
            tried.append(f"{candidate} ({getattr(error, 'strerror', None) or error})")
            if not isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
                refused = refused or _refusal(candidate)
        except BaseException:
            connection.close()
            raise
    message = "no memod daemon at " + ", ".join(tried)
    if refused:
        raise Unavailable(f"{message}; {refused}")
    raise NotRunning(message)


def _refusal(path: str) -> str:
    """What to do about a socket that is there and could not be connected to; nothing where none is to be seen."""
    try:
        found = os.stat(path)
    except OSError:
        return ""
    if os.access(path, os.W_OK):
        return "the daemon there takes no connection at the moment"
    try:
        import grp

        group = grp.getgrgid(found.st_gid).gr_name
    except (ImportError, KeyError):
        group = str(found.st_gid)
    if found.st_mode & stat.S_IWGRP:
        return f"join its group: sudo usermod --append --groups {group} $USER, and log in again"
    return "whoever runs the daemon there can let you in: --allow-user, --allow-group"


def crowding() -> float:
    """How many times longer than usual things take: how many programs want to run for each processor, as far as is
    known. 1 where `MEMOD_TIMEOUT` says how long a request may take. Looked at where the time is over."""
    if os.environ.get("MEMOD_TIMEOUT"):
        return 1.0
    try:
        with open("/proc/loadavg", encoding="ascii") as file:
            running = int(file.read().split()[3].partition("/")[0])
        return max(1.0, min(running / (os.cpu_count() or 1), _CROWDING_MAX))
    except (OSError, ValueError, IndexError):
        return 1.0
