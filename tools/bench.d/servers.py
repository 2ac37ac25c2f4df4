"""The servers that are compared: started on Unix sockets in a scratch directory, ended by process id."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

START_SECONDS = 120
STOP_SECONDS = 120


class BenchError(Exception):
    """Something that a measurement needs is not there, or a server did not do what it should."""


def _die_with_parent() -> None:
    # Linux, <sys/prctl.h>: PR_SET_PDEATHSIG.
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Server:
    """A server process: `name` in tables, `protocol` for the generator."""

    name = ""
    protocol = ""
    program = ""
    ping = b""
    pong = b""

    def __init__(self, directory: Path, label: str, *options: str) -> None:
        self.directory = directory / label
        self.directory.mkdir()
        self.socket = self.directory / "socket"
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None

    @classmethod
    def is_installed(cls) -> bool:
        return shutil.which(cls.program) is not None

    def command(self) -> list[str]:
        raise NotImplementedError

    def launch(self) -> None:
        """Starts the process and does not wait for it to serve."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("MEMOD_")
        }
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def start(self) -> "Server":
        self.launch()
        self.wait_for(self.ping, self.pong)
        return self

    def wait_for(self, request: bytes, reply: bytes) -> float:
        """Asks again and again until the server gives this reply; returns when it did."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                raise BenchError(f"{self.name} did not start: {self.log_tail()}")
            try:
                if self.ask(request, reply.count(b"\n")) == reply:
                    return time.monotonic()
            except OSError:
                pass
            time.sleep(0.001)
        raise BenchError(f"{self.name} does not answer")

    def ask(self, request: bytes, lines: int = 1) -> bytes:
        """Sends a request and returns this many lines of what comes back, or one that says what is wrong."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(str(self.socket))
            connection.sendall(request)
            reply = b""
            while not reply.endswith(b"\n") or reply.count(b"\n") < lines and not reply.startswith(b"-"):
                more = connection.recv(65536)
                if not more:
                    break
                reply += more
            return reply

    @property
    def pid(self) -> int:
        if self.process is None:
            raise BenchError(f"{self.name} is not running")
        return self.process.pid

    def memory(self, field: str = "VmRSS") -> int:
        """Resident bytes now, or with `VmHWM` at most so far."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
        raise BenchError(f"no {field} of {self.name}")

    def stop(self) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            print(f"bench: {self.name} did not end when asked to", file=sys.stderr)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def log_tail(self) -> str:
        return (self.directory / "log").read_text(errors="replace")[-500:].strip()


class Memod(Server):
    name = "memod"
    protocol = "memod"
    program = os.environ.get("MEMOD_BIN", "memod")
    ping = b'{"op":"ping"}\n'
    pong = b'{"ok":true}\n'

    def command(self) -> list[str]:
        options = list(self.options)
        if "--io-threads" not in options:
            options += ["--io-threads", "1"]
        database = str(self.directory / "memod.db")
        return [self.program, "--socket", str(self.socket), "--database", database, *options]


class Redis(Server):
    name = "Redis"
    protocol = "redis"
    program = "redis-server"
    ping = b"PING\r\n"
    pong = b"+PONG\r\n"

    def command(self) -> list[str]:
        place = ["--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.directory)]
        return [self.program, *place, "--save", "", *self.options]


class Memcached(Server):
    name = "memcached"
    protocol = "memcached"
    program = "memcached"
    ping = b"verbosity 0\r\n"
    pong = b"OK\r\n"

    def command(self) -> list[str]:
        user = ["-u", "root"] if os.geteuid() == 0 else []
        return [self.program, *user, "-s", str(self.socket), "-t", "1", "-m", "8192", *self.options]


class Echo(Server):
    name = "echo"
    protocol = "echo"
    ping = b"?\n"
    pong = b"?\n"

    @classmethod
    def is_installed(cls) -> bool:
        return bool(cls.program)

    def command(self) -> list[str]:
        return [self.program, str(self.socket)]
