import functools
import os
import subprocess
import sys
import textwrap
import threading
import uuid
import warnings
from pathlib import Path

import pytest

import memod
from fake_daemon import FakeDaemon
from memod._client.connection_pool import POOL
from memod._decorator.listener import LISTENER

ROOT = Path(__file__).resolve().parents[3]


def binary(name):
    """The built program: `$MEMOD_BIN` and `$MEMOCTL_BIN`, else what this repository's build left."""
    named = os.environ.get(f"{name.upper()}_BIN")
    places = [named] if named else [ROOT / ".build" / kind / name for kind in ("release", "debug")]
    for place in places:
        if os.access(place, os.X_OK):
            return str(place)
    raise AssertionError(f"there is no {name} to test with: build it, or set {name.upper()}_BIN")


class Daemon:
    """A real memod on a socket and a database of its own."""

    def __init__(self, directory):
        self.directory = directory
        self.socket = str(directory / "memod.sock")
        self.process = None
        self.options = ()

    def start(self):
        self.process = subprocess.Popen(
            [binary("memod"), "--socket", self.socket, "--database", str(self.directory / "memod.db"),
             *self.options],
            stderr=subprocess.PIPE,
        )
        for line in self.process.stderr:
            if b"ready" in line and b"already" not in line:
                threading.Thread(target=self._drain, args=(self.process.stderr,), daemon=True).start()
                return
        raise AssertionError("memod did not start")

    def _drain(self, stream):
        with stream:
            stream.read()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def memoctl(self, *arguments):
        run = subprocess.run(
            [binary("memoctl"), "--socket", self.socket, *arguments],
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout


def start_anew():
    LISTENER.stop()
    LISTENER.forget()
    LISTENER.functions.clear()
    POOL.reset()
    POOL._warned = False


@pytest.fixture(autouse=True)
def no_daemon(monkeypatch, tmp_path):
    """Each test begins as a new process would, and finds no daemon unless it asks for one."""
    monkeypatch.setenv("MEMOD_SOCKET", str(tmp_path / "nothing.sock"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MEMOD_AUTOSTART", "0")
    monkeypatch.setenv("MEMOD_TIMEOUT", "10")  # a busy machine is not a fault
    start_anew()
    yield
    start_anew()


@pytest.fixture
def daemon(tmp_path, monkeypatch):
    made = Daemon(tmp_path)
    made.start()
    monkeypatch.setenv("MEMOD_SOCKET", made.socket)
    yield made
    start_anew()
    made.stop()


@pytest.fixture
def fake(tmp_path, monkeypatch):
    path = str(tmp_path / "fake.sock")
    monkeypatch.setenv("MEMOD_SOCKET", path)
    with FakeDaemon(path) as made:
        yield made
        start_anew()


@pytest.fixture
def client(daemon):
    with memod.Client() as made:
        yield made


class Program:
    """A program in a file, to be run as often as wanted."""

    def __init__(self, directory, name="program"):
        self.directory = directory
        self.name = name

    def write(self, source, name=None):
        path = self.directory / f"{name or self.name}.py"
        path.write_text(textwrap.dedent(source))
        # Compiled files are compared by whole seconds and sizes, which edits in a test can keep.
        for compiled in (self.directory / "__pycache__").glob(f"{name or self.name}.*"):
            compiled.unlink()

    def start(self, *arguments):
        return subprocess.Popen(
            [sys.executable, str(self.directory / f"{self.name}.py"), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments, says=""):
        """What it prints. `says` is in what it is told on standard error, where that is not nothing."""
        process = self.start(*arguments)
        out, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
        assert says in error if says else error == "", error
        return out


@pytest.fixture
def program(tmp_path):
    directory = tmp_path / "program"
    directory.mkdir()
    return Program(directory)


KINDS = ["functools", "alone", "process", "shared"]


class Implementation:
    def __init__(self, kind):
        self.kind = kind
        self.cache = functools.cache if kind == "functools" else memod.cache

    def lru_cache(self, maxsize=128, typed=False):
        if self.kind == "functools":
            return functools.lru_cache(maxsize, typed)
        if self.kind == "shared" and not callable(maxsize):
            return memod.lru_cache(maxsize, typed, name=str(uuid.uuid4()))
        return memod.lru_cache(maxsize, typed)


@pytest.fixture(params=KINDS)
def module(request):
    if request.param in ("process", "shared"):
        request.getfixturevalue("daemon")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield Implementation(request.param)
