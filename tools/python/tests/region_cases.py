"""What tests of published hits share."""

import array
import json
import os
import socket

import pytest

from conftest import Daemon, start_anew
from memod._client import operations
from memod._region import pure_reader, region


def compiled():
    return pytest.importorskip("memod._region._reader").Reader


def pure():
    if not pure_reader.usable():
        pytest.skip("loads may be moved here")
    return pure_reader.Reader


@pytest.fixture(params=[compiled, pure], autouse=True)
def reader(request, monkeypatch):
    kind = request.param()
    monkeypatch.setattr(region, "_reader_type", lambda: kind)
    monkeypatch.setattr(region, "_PAUSE_SECONDS", 0.0)
    region._regions.clear()
    return kind


@pytest.fixture
def started(tmp_path, monkeypatch):
    made = []

    def start(*options):
        daemon = Daemon(tmp_path)
        daemon.options = options
        daemon.start()
        made.append(daemon)
        monkeypatch.setenv("MEMOD_SOCKET", daemon.socket)
        return daemon

    yield start
    start_anew()
    for each in made:
        each.stop()


def find(client, fn, key):
    """What the client reads by itself."""
    found = client._region.find(fn, operations.key_text(key))
    return None if found is None else operations.unpack(found[0])


def publish(client, fn, key, value, **options):
    client.put(fn, key, value, **options)
    wait_published(client, fn, key, value)


def wait_published(client, fn, key, value):
    for _ in range(2 * region._HITS_AGAIN):
        assert client.get(fn, key) == value
        if find(client, fn, key) == value:
            return
    raise AssertionError(f"{fn} {key} is not published")


class Raw:
    """What maps without a client."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(path)
        self.descriptors = array.array("i")

    def send(self, text):
        self.socket.sendall(text.encode() + b"\n")

    def reply(self):
        data, control, _, _ = self.socket.recvmsg(1 << 14, socket.CMSG_SPACE(8 * 4))
        for _, _, payload in control:
            self.descriptors.frombytes(payload)
        return json.loads(data)

    def close(self):
        self.socket.close()
        for each in self.descriptors:
            os.close(each)
