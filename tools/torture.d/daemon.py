"""A daemon in a directory of its own, and connections to it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from faults import Faults

BINARY = os.environ.get("MEMOD_BIN", ".build/release/memod")
FILES = ("", "-wal", "-shm", ".commit", ".index")


class Gone(Exception):
    """The daemon ended, or did not answer in time."""


class Connection:
    def __init__(self, path, patience=40):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(patience)
        self.received = b""
        try:
            self.socket.connect(path)
        except OSError as error:
            self.socket.close()
            raise Gone(str(error)) from None

    def send(self, lines):
        try:
            self.socket.sendall("".join(line + "\n" for line in lines).encode())
        except OSError as error:
            raise Gone(str(error)) from None

    def reply(self):
        while b"\n" not in self.received:
            try:
                data = self.socket.recv(1 << 18)
            except OSError as error:
                raise Gone(str(error)) from None
            if not data:
                raise Gone("closed")
            self.received += data
        line, self.received = self.received.split(b"\n", 1)
        return json.loads(line)

    def ask(self, **request):
        self.send([json.dumps(request)])
        return self.reply()

    def close(self):
        self.socket.close()


class Daemon:
    """One home; the process in it is started and ended as often as one likes."""

    def __init__(self, seed=1, options=()):
        self.home = tempfile.mkdtemp(prefix="memod-torture-")
        self.database = os.path.join(self.home, "memod.db")
        self.socket = os.path.join(self.home, "s")
        self.log = os.path.join(self.home, "log")
        self.faults = Faults(self.home, seed)
        self.options = list(options)
        self.process = None
        self.logged = 0

    def start(self, waits=True, patience=30):
        """Starts it and waits until it answers."""
        with open(self.log, "ab") as log:
            self.logged = log.tell()
            began = time.monotonic()
            self.process = subprocess.Popen(
                [BINARY, "--socket", self.socket, "--database", self.database, *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **self.faults.environment()},
            )
        if not waits:
            return 0.0
        while time.monotonic() - began < patience:
            if " ready " in self.said():
                return time.monotonic() - began
            if self.process.poll() is not None:
                raise Gone(f"it ended with {self.process.returncode}: {self.said()[-500:]}")
            time.sleep(0.002)
        raise Gone(f"not ready in {patience} s: {self.said()[-500:]}")

    def connect(self, patience=40):
        return Connection(self.socket, patience)

    def said(self):
        """What it logged since its last start."""
        with open(self.log, "rb") as log:
            log.seek(self.logged)
            return log.read().decode(errors="replace")

    @property
    def runs(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self, patience=60):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            return "did not end"

    def moved_aside(self):
        return sorted(
            name for name in os.listdir(self.home) if ".corrupt-" in name and not name.endswith(("-wal", "-shm"))
        )

    def copy_files(self, target):
        os.makedirs(target, exist_ok=True)
        for part in FILES:
            if os.path.exists(self.database + part):
                shutil.copy(self.database + part, os.path.join(target, "memod.db" + part))

    def remove_files(self):
        for name in os.listdir(self.home):
            if name.startswith("memod.db") and not name.endswith(".lock"):
                os.unlink(os.path.join(self.home, name))

    def close(self):
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)
