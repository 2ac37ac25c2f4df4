"""Machines that share: each a memod of its own with its helper."""

import contextlib
import json
import os
import signal
import socket
import subprocess
from pathlib import Path

from redis_server import ROOT, wait_until

#: A daemon built for release beside a helper built for debugging: it finds the helper on PATH.
MEMOD = os.environ.get("MEMOD_BIN") or str(ROOT / ".build/debug/memod")
MEMOCTL = os.environ.get("MEMOCTL_BIN") or str(ROOT / ".build/debug/memoctl")
HELPER = os.environ.get("MEMOD_REMOTE_BIN") or str(ROOT / ".build/debug/memod-remote")


class Connection:
    """Requests to a memod."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rb")

    def send(self, op, **fields):
        self.socket.sendall(json.dumps({"op": op, **fields}).encode() + b"\n")

    def read(self):
        line = self.file.readline()
        if not line:
            raise EOFError("memod closed the connection")
        return json.loads(line)

    def __call__(self, op, **fields):
        self.send(op, **fields)
        reply = self.read()
        assert reply.get("ok") is True, reply
        return reply

    def close(self):
        self.file.close()
        self.socket.close()


def environment():
    """Without what a user may have set for a daemon of their own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MEMOD_")}
    kept.pop("CACHE_DIRECTORY", None)
    return {**kept, "PATH": f"{Path(HELPER).parent}:{kept['PATH']}"}


class Host:
    """A memod in a folder."""

    def __init__(self, folder, name, url, namespace, *options, functions="*", variables=()):
        self.name = name
        self.folder = Path(folder) / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket = self.folder / "memod.sock"
        self.url = url
        self.options = ["--remote-url", url] if url else []
        self.options += ["--remote-namespace", namespace, *options]
        if functions:
            self.options += ["--remote-functions", functions]
        #: Besides what the tests run with.
        self.variables = dict(variables)
        #: What the daemon is started by: a command that becomes the one behind it.
        self.prefix = []
        self.program = MEMOD
        self.process = None
        self.connection = None

    def start(self, is_up=True):
        self.process = subprocess.Popen(
            [*self.prefix, self.program, "--socket", self.socket, "--database", self.folder / "memod.db", *map(str, self.options)],
            stdin=subprocess.DEVNULL,
            stderr=open(self.folder / "memod.log", "ab"),
            env={**environment(), **self.variables},
        )
        wait_until(self.answers, what=f"{self.name} answers")
        self.connection = self.connect()
        if is_up:
            self.wait_for("up")
        return self

    def answers(self):
        assert self.process.poll() is None, self.log
        try:
            self.connect().close()
            return True
        except OSError:
            return False

    def connect(self):
        return Connection(self.socket)

    @property
    def log(self):
        return (self.folder / "memod.log").read_text()

    def __call__(self, op, **fields):
        return self.connection(op, **fields)

    @property
    def remote(self):
        return self("stats")["remote"]

    def wait_for(self, state, seconds=10):
        wait_until(lambda: self.remote["state"] == state, seconds, f"{self.name} is {state}")

    @property
    def helper(self):
        """The helper's pid."""
        children = []
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            # A thread may end meanwhile.
            with contextlib.suppress(OSError):
                children += (task / "children").read_text().split()
        for child in children:
            try:
                if b"memod-remote" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
            except OSError:
                pass
        return None

    def get(self, key, fn="f", **fields):
        reply = self("get", fn=fn, key=key, **fields)
        return reply["value"] if reply["hit"] else None

    def put(self, key, value, fn="f", **fields):
        return self("put", fn=fn, key=key, value=value, **fields)

    def clear(self, fn="f", wait=2000):
        return self("clear", fn=fn, wait_remote_ms=wait)["remote"]

    def delete(self, key, fn="f", wait=2000):
        return self("delete", fn=fn, key=key, wait_remote_ms=wait)["remote"]

    def forget_locally(self, redis, namespace, key=None):
        """Lets an entry go here only, as eviction would."""
        self("define", fn="f", maxsize=0)
        self("define", fn="f", maxsize=None)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.connection.close()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        helper = self.helper
        if helper:
            os.kill(helper, signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            if self.connection:
                self.connection.close()


def memoctl(host, *arguments, **options):
    return subprocess.run(
        [MEMOCTL, "--socket", host.socket, *arguments],
        capture_output=True,
        text=True,
        env=environment(),
        stdin=subprocess.DEVNULL,
        **options,
    )
