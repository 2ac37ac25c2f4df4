"""A Redis of the tests' own, and the little of its protocol that they need."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get("REDIS_HOME") or ROOT / ".build/redis")


def wait_until(condition, seconds=10.0, what="it"):
    """Waits for a condition to become true, and returns what it is then."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.01)


class Client:
    """Commands to a Redis over its Unix socket."""

    def __init__(self, path, user=None, password=None):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rb")
        if password:
            self("AUTH", user or "default", password)

    def __call__(self, *words):
        parts = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
        return self.read()

    def read(self):
        line = self.file.readline()
        if not line:
            raise EOFError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            if rest == b"-1":
                return None
            return self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        return rest.decode()

    def close(self):
        self.file.close()
        self.socket.close()


class Redis:
    """A process of redis-server in a folder, on a Unix socket, and on TCP where a port is given."""

    def __init__(self, folder, *options):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket = self.folder / "redis.sock"
        self.options = [str(option) for option in options]
        self.process = None

    @property
    def url(self):
        return f"redis+unix://{self.socket}"

    def start(self):
        # No name of ours may be a part of what it is asked for.
        options = ["--port", "0", "--save", "", "--appendonly", "no", *self.options]
        self.process = subprocess.Popen(
            [HOME / "bin/redis-server", "--unixsocket", self.socket, "--dir", self.folder, *options],
            stdin=subprocess.DEVNULL,
            stdout=open(self.folder / "redis.log", "ab"),
            stderr=subprocess.STDOUT,
        )
        wait_until(self.answers, what="Redis answers")
        return self

    def answers(self):
        try:
            client = self.client()
            try:
                return client("PING") == "PONG"
            finally:
                client.close()
        except RuntimeError as error:
            return "NOAUTH" in str(error)
        except OSError:
            return False

    def client(self, user=None, password=None):
        return Client(self.socket, user, password)

    def __call__(self, *words):
        client = self.client()
        try:
            return client(*words)
        finally:
            client.close()

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait()
