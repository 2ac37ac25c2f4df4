import itertools
import shutil
import tempfile
from pathlib import Path

import pytest
from hosts import Host
from redis_server import HOME, Redis

NAMES = itertools.count()


def pytest_ignore_collect(collection_path, config):
    return None


def pytest_collection_modifyitems(items):
    if not (HOME / "bin/redis-server").exists():
        for item in items:
            item.add_marker(pytest.mark.skip(reason="there is no Redis; tools/redis unpacks one"))


@pytest.fixture(scope="session")
def scratch():
    # A short path: those of Unix sockets have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="memod-r."))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_redis(scratch):
    server = Redis(scratch / "redis").start()
    yield server
    server.stop()


@pytest.fixture
def redis(scratch):
    """A Redis that a test may kill or spoil."""
    server = Redis(scratch / f"redis{next(NAMES)}").start()
    yield server
    server.stop()


class Machines:
    """Makes hosts of one namespace, and ends them."""

    def __init__(self, folder):
        self.folder = folder
        self.namespace = folder.name
        self.hosts = []

    def make(self, url, *options, name=None, **arguments):
        if "--remote-budget" not in options:
            # A machine that is busy with other tests answers late.
            options += ("--remote-budget", "2s")
        host = Host(self.folder, name or "abcdef"[len(self.hosts)], url, self.namespace, *options, **arguments)
        self.hosts.append(host)
        return host

    def two(self, url, *options):
        return self.make(url, *options).start(), self.make(url, *options).start()


@pytest.fixture
def machines(scratch):
    made = Machines(scratch / f"n{next(NAMES)}")
    yield made
    for host in made.hosts:
        host.stop()
    for host in made.hosts:
        log = host.log if (host.folder / "memod.log").exists() else ""
        assert "makes no sense" not in log and "Fatal error" not in log, log
