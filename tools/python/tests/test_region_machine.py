"""Published hits when the machine sleeps, its disk is full, or a client is stopped in the middle of a read."""

import errno
import mmap
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

import memod
from conftest import ROOT
from memod._region import region
from region_cases import find, publish, pure, reader, started, wait_published  # noqa: F401

sys.path.insert(0, str(ROOT / "tools" / "torture.d"))
from faults import Faults  # noqa: E402

LOOPS = int(os.environ.get("MEMOD_TEST_LOOPS", "1"))
SECONDS = 1000


@pytest.fixture
def faulty(started, tmp_path, monkeypatch):  # noqa: F811
    """A daemon whose disk and clocks are steered."""
    if shutil.which("cc") is None:
        pytest.skip("needs a C compiler")
    faults = Faults(str(tmp_path), 1)
    with monkeypatch.context() as patched:
        for name, value in faults.environment().items():
            patched.setenv(name, value)
        faults.daemon = started()
    return faults


SLEEPER = """
import sys, time
import memod
from memod._client import operations
from memod._region import pure_reader, region
if sys.argv[1] == "pure":
    region._reader_type = lambda: pure_reader.Reader
region._PAUSE_SECONDS = 0
client = memod.Client()
find = lambda key: client._region.find("f", operations.key_text(key))
client.put("f", "ends", 1, ttl_ms=60_000)
client.put("f", "stays", 2)
while find("ends") is None or find("stays") is None:
    assert (client.get("f", "ends"), client.get("f", "stays")) == (1, 2)
print("ready", flush=True)
for line in sys.stdin:
    by_itself = tuple(find(key) is not None for key in ("ends", "stays"))
    print(*by_itself, client.get("f", "ends"), client.get("f", "stays"), flush=True)
"""


def test_time_goes_on_while_the_machine_sleeps(faulty, reader):  # noqa: F811
    """Daemon and client wake up an hour later: only the clock that counts sleep has gone on."""
    environment = {**os.environ, **faulty.environment(), "PYTHONPATH": str(Path(memod.__file__).parents[1])}
    kind = "pure" if reader.__module__.endswith("pure_reader") else "compiled"
    child = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )

    def ask():
        child.stdin.write("\n")
        child.stdin.flush()
        return child.stdout.readline().split()

    try:
        assert child.stdout.readline() == "ready\n"
        assert ask() == ["True", "True", "1", "2"]
        faulty["boot_ms"] = faulty["wall_ms"] = 30 * SECONDS
        assert ask() == ["True", "True", "1", "2"]
        faulty["boot_ms"] = faulty["wall_ms"] = 3600 * SECONDS
        assert ask() == ["False", "True", "None", "2"]
    finally:
        child.stdin.close()
        child.stdout.close()
        assert child.wait(30) == 0


def test_a_full_disk_brings_nothing_old_back(faulty):
    with memod.Client(timeout=30) as client:
        for key in range(8):
            publish(client, "f", key, "old")
        client.sync()
        faulty["write_errno"] = errno.ENOSPC
        deadline = time.monotonic() + 60
        while not client.stats()["degraded"]:
            assert time.monotonic() < deadline
            client.put("g", "filler", random.random())
        for key in range(8):
            client.put("f", key, "new")
            assert find(client, "f", key) in (None, "new") and client.get("f", key) == "new"
            wait_published(client, "f", key, "new")
        for end in (lambda: client.delete("f", 0), lambda: client.touch("f", 1, 0), lambda: client.clear("f")):
            try:
                end()
            except memod.MemodError:
                pass  # it is not on the disk, and what can be seen is as if it were, or as before
            for key in range(8):
                found = find(client, "f", key)
                assert found is None or found == client.get("f", key)
        faulty.clear()
        client.put("f", 0, "again")
        while client.stats()["degraded"]:
            assert time.monotonic() < deadline
            client.put("g", "filler", random.random())
        wait_published(client, "f", 0, "again")
        client.sync()
        faulty.daemon.kill()
        assert find(client, "f", 0) is None
        faulty.daemon.start()
    with memod.Client() as client:
        wait_published(client, "f", 0, "again")


def test_a_client_that_is_stopped_in_a_read(daemon, client, monkeypatch):
    """What it goes on with is whole, and no older than what was acknowledged when it began; the daemon waits for nothing."""
    monkeypatch.setattr(region, "_regions", region._regions)
    shared = mmap.mmap(-1, 4096)

    def value(version):
        return f"{version:08}" * 1900

    publish(client, "f", "k", value(1))
    struct.pack_into("<q", shared, 0, 1)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            own = memod.Client()
            hits = 0
            while struct.unpack_from("<q", shared, 8)[0] == 0:
                acknowledged = struct.unpack_from("<q", shared, 0)[0]
                found = find(own, "f", "k")
                if found is None:
                    found = own.get("f", "k")
                else:
                    hits += 1
                    struct.pack_into("<q", shared, 16, hits)
                assert found == value(int(found[:8])) and int(found[:8]) >= acknowledged
            status = 0
        finally:
            os._exit(status)
    version = 1
    rng = random.Random(7)
    try:
        for _ in range(60 * LOOPS):
            before = struct.unpack_from("<q", shared, 16)[0]
            deadline = time.monotonic() + 30
            # In most rounds it is stopped while it reads, not while it asks.
            while struct.unpack_from("<q", shared, 16)[0] < before + 20:
                assert time.monotonic() < deadline
            time.sleep(rng.random() * 0.002)
            os.kill(child, signal.SIGSTOP)
            os.waitid(os.P_PID, child, os.WSTOPPED | os.WNOWAIT)
            for _ in range(3):
                version += 1
                client.put("f", "k", value(version))
                struct.pack_into("<q", shared, 0, version)
            # What it was reading is overwritten as well.
            wait_published(client, "f", "k", value(version))
            for key in range(20):
                publish(client, "f", key, value(0))
            os.kill(child, signal.SIGCONT)
            assert os.waitpid(child, os.WNOHANG) == (0, 0)
    finally:
        struct.pack_into("<q", shared, 8, 1)
        os.kill(child, signal.SIGCONT)
        ended = os.waitpid(child, 0)[1] == 0
    assert ended
