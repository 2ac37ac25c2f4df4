"""The daemon that `autostart` starts: with what, where to, and what becomes of it."""

from __future__ import annotations

import os
import re
import stat
import sys

from . import daemon_program

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from typing import Dict, List, NamedTuple, Optional, Tuple
else:
    from .._codec.named_tuple import NamedTuple

#: What a started daemon is given of this process's environment, beside XDG_*.
_KEPT = ("HOME", "PATH", "LANG", "TZ")
#: memod's own settings. What is a client's own affair, as the key that signs pickles, is not among them.
SETTINGS = (
    "ADMIN_GROUP", "ALLOW_GROUP", "ALLOW_USER", "COLD_BYTES", "CONFIG", "DATABASE", "DURABILITY", "FLUSH_INTERVAL",
    "HOT_BYTES", "IDLE_EXIT", "INTERNING", "IO_THREADS", "ISOLATION", "LOG_LEVEL", "MAX_CONNECTIONS", "MAX_LINE",
    "REMOTE", "REMOTE_BUDGET", "REMOTE_CA_FILE", "REMOTE_CERTIFICATE_FILE", "REMOTE_CERTIFICATE_KEY_FILE",
    "REMOTE_FUNCTIONS", "REMOTE_KEY_FILE", "REMOTE_MODE", "REMOTE_NAMESPACE", "REMOTE_PASSWORD_FILE",
    "REMOTE_QUEUE", "REMOTE_URL", "REMOTE_VALUE_MAX", "SHARED", "SHARED_BYTES", "SOCKET_MODE",
)  # fmt: skip
_IDLE_EXIT = "1h"
_LOG_BYTES_MAX = 1 << 20
#: What the daemon may still write until it looks after its log itself.
_LOG_BYTES_RESERVE = 64 << 10
_LAST_WORDS_MAX = 300
_LAUNCH_SECONDS = 5.0

#: Run by an interpreter of its own, which ends at once, so that the daemon is no one's child: what it takes to make
#: a process as a service manager would, without forking this one, which may have threads.
_LAUNCHER = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_SETMASK, ())
for number in signal.valid_signals():
    try:
        signal.signal(number, signal.SIG_DFL)
    except (OSError, ValueError):
        pass
os.umask(0o77)
pid = os.fork()
if pid:
    os.write(1, b"%d" % pid)
    os._exit(0)
os.setsid()
os.dup2(0, 1)
os.environ.pop("LC_CTYPE", None)  # which the interpreter itself may have set
try:
    os.execve(sys.argv[1], sys.argv[1:], os.environ)
except OSError as error:
    os.write(2, os.fsencode(f"memod: {sys.argv[1]}: {error.strerror}\\n"))
    os._exit(127)
"""


class Refused(Exception):
    """Why no daemon is started."""


class Plan(NamedTuple):
    program: str
    socket: str
    lock: str
    log: str
    environment: Dict[str, str]


def plan() -> Plan:
    """What would be started. Makes the directories that are missing. Raises `Refused`."""
    uid = os.getuid()
    if (uid, os.getgid()) != (os.geteuid(), os.getegid()):
        raise Refused("memod is not started by a program that runs with another user's rights")
    program, distrusted = daemon_program.find()
    if program is None:
        if distrusted:
            raise Refused("the memod that is there is not started: " + "; ".join(distrusted))
        raise Refused("there is no memod to start, neither beside Python nor on PATH")
    cache = _cache(uid)
    socket = _socket()
    try:
        _make(os.path.dirname(socket))
        _make(cache)
    except OSError as error:
        raise Refused(f"memod was not started: {error}") from None
    _check_owner(cache, uid)
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.startswith("XDG_") or (name[:6] == "MEMOD_" and name[6:] in SETTINGS)
    }
    if _runtime() is None:
        environment.pop("XDG_RUNTIME_DIR", None)
    # Tells the daemon that where it keeps its data was no one's decision.
    environment["MEMOD_AUTOSTART"] = "1"
    return Plan(program, socket, socket + ".start", os.path.join(cache, "memod.log"), environment)


def start_lock() -> str:
    return _socket() + ".start"


def _runtime() -> Optional[str]:
    """The runtime directory, where it is one of this user's."""
    directory = os.environ.get("XDG_RUNTIME_DIR", "")
    try:
        return directory if os.path.isabs(directory) and os.stat(directory).st_uid == os.getuid() else None
    except OSError:
        return None


def _socket() -> str:
    runtime = _runtime()
    directory = os.path.join(runtime, "memod") if runtime else f"/tmp/memod-{os.getuid()}"
    return os.path.join(directory, "memod.sock")


def _cache(uid: int) -> str:
    home = os.environ.get("HOME", "")
    if not os.path.isabs(home):
        try:
            import pwd

            home = pwd.getpwuid(uid).pw_dir
        except (ImportError, KeyError):
            raise Refused("memod was not started: this user has no home directory") from None
    _check_owner(home, uid)
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(cache):
        cache = os.path.join(home, ".cache")
    _check_owner(cache, uid)
    return os.path.join(cache, "memod")


def _check_owner(directory: str, uid: int) -> None:
    try:
        owner = os.stat(directory).st_uid
    except OSError:
        return  # what is not there yet is made, or fails to be
    if owner != uid:
        raise Refused(f"memod was not started: {directory} belongs to uid {owner}, not to this user ({uid})")


def _make(directory: str) -> None:
    if not os.path.isdir(directory):
        parent = os.path.dirname(directory)
        if parent != directory:
            _make(parent)
        try:
            os.mkdir(directory, 0o700)
        except FileExistsError:
            pass


class Daemon:
    """One that was started just now."""

    def __init__(self, plan: Plan) -> None:
        import subprocess  # takes longer to load than a connection, and is hardly ever needed

        self._log = plan.log
        self._own: Optional[subprocess.Popen[bytes]] = None
        log = _open_log(plan.log)
        try:
            self._written = os.fstat(log).st_size
            command = [plan.program, "--idle-exit", _IDLE_EXIT]
            self._pid = _launch(command, plan.environment, log)
            if self._pid is None:
                # As a child of this process: no interpreter can be started, as in a program that embeds one.
                self._own = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    cwd="/",
                    env=plan.environment,
                    start_new_session=True,
                )
                _children.append(self._own)
        except OSError as error:
            os.write(log, f"memod: {error}\n".encode())
        finally:
            os.close(log)

    def ended(self) -> bool:
        if self._own is not None:
            return self._own.poll() is not None
        return self._pid is None or not is_alive(self._pid)

    def _lines(self) -> List[str]:
        try:
            with open(self._log, "rb") as log:
                log.seek(self._written)
                text = log.read(_LOG_BYTES_RESERVE).decode(errors="replace")
        except OSError:
            return []
        return [line for line in text.splitlines() if line.strip()]

    def last_words(self) -> str:
        """Why it ended, as far as it said."""
        lines = self._lines()
        said = [line for line in lines if re.match(r"(memod|Error): ", line)] or lines
        if not said:
            return "it ended at once and said nothing"
        words = re.sub(r"^(\S+Z \w+|memod|Error): ", "", said[-1].strip())
        return "".join(c if c.isprintable() else "?" for c in words[:_LAST_WORDS_MAX])

    def notices(self) -> List[str]:
        """What it says of where it keeps its data, where that is not the usual place."""
        found = [re.search(r" notice: (the database is kept .*)", line) for line in self._lines()]
        return [match.group(1) for match in found if match]


#: Kept, so that no one waits for them or is told that they still run.
_children: List["subprocess.Popen[bytes]"] = []


def _launch(command: List[str], environment: Dict[str, str], log: int) -> Optional[int]:
    import subprocess

    interpreter = sys.executable or ""
    if not re.match(r"(python|pypy)[0-9.]*t?$", os.path.basename(interpreter)):
        return None
    try:
        launched = subprocess.run(
            [interpreter, "-I", "-S", "-c", _LAUNCHER, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            env=environment,
            timeout=_LAUNCH_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return int(launched.stdout) if launched.stdout.isdigit() else None


def _open_log(path: str) -> int:
    """The log for appending, no longer than it may be; one older is kept."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    log = os.open(path, flags, 0o600)
    found = os.fstat(log)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():
        os.close(log)
        raise Refused(f"memod was not started: {path} is no file of this user")
    if found.st_size > _LOG_BYTES_MAX - _LOG_BYTES_RESERVE:
        os.close(log)
        os.replace(path, path + ".1")
        log = os.open(path, flags | os.O_EXCL, 0o600)
    return log


def is_alive(pid: int) -> bool:
    """Whether the process is there and has not ended: what no one waited for has."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as status:
            return status.read(512).rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except (OSError, IndexError):
        return False


def holder(socket: Optional[str] = None) -> Optional[int]:
    """The memod of this user that holds the socket's lock file, listening or not: about to, or about to end."""
    try:
        with open((socket or _socket()) + ".lock", "rb") as lock:
            pid = int(lock.read(16))
        ours = os.stat(f"/proc/{pid}").st_uid == os.getuid()
        name = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
        # The name of an executable that was exchanged meanwhile has a note behind it.
        return pid if ours and name in ("memod", "memod (deleted)") and is_alive(pid) else None
    except (OSError, ValueError):
        return None


def was_started_by_client(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as environment:
            return b"MEMOD_AUTOSTART=1" in environment.read().split(b"\0")
    except OSError:
        return False


def version_of(text: object) -> Optional[Tuple[int, ...]]:
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", text) if isinstance(text, str) else None
    return tuple(map(int, match.groups())) if match else None


def have_newer(version: Tuple[int, ...]) -> bool:
    """Whether the program that would be started is newer than that."""
    import subprocess

    program, _ = daemon_program.find()
    if program is None:
        return False
    null = subprocess.DEVNULL
    try:
        told = subprocess.run(
            [program, "--version"], stdin=null, stdout=subprocess.PIPE, stderr=null, timeout=1
        )
    except (OSError, subprocess.SubprocessError):
        return False
    found = version_of(told.stdout.decode(errors="replace"))
    return found is not None and found > version
