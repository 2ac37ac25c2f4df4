"""Published hits when daemons die, clients write garbage, and users are many."""

import ctypes
import fcntl
import gc
import json
import mmap
import os
import random
import signal
import sys
import threading
import time
import traceback
import warnings

import pytest

import memod
from memod._client import operations
from memod._region import region
from region_cases import Raw, find, publish, reader, started, wait_published  # noqa: F401

LOOPS = int(os.environ.get("MEMOD_TEST_LOOPS", "1"))


def succeed(daemon):
    """Starts a successor while its predecessor is still dying: as soon as that lets it."""
    while True:
        try:
            return daemon.start()
        except AssertionError:
            pass


def test_death_and_replacement(daemon, monkeypatch):
    """After a successor has acknowledged anything, nobody reads what its predecessor published."""
    stop = threading.Event()
    state = {"acknowledged": 0, "look": None, "wrong": [], "hits": 0}

    def watch():
        while not stop.is_set():
            acknowledged, look = state["acknowledged"], state["look"]
            if look is None:
                continue
            found = look()
            if found is not None:
                state["hits"] += 1
                if int(found[0]) < acknowledged:
                    state["wrong"].append((found[0], acknowledged))

    thread = threading.Thread(target=watch)
    thread.start()
    old = []
    try:
        for version in range(1, 100 * LOOPS):
            client = memod.Client()
            client.put("f", "k", version, durable=True)
            state["acknowledged"] = version
            assert not any(each() for each in old)
            wait_published(client, "f", "k", version)
            function = client._region.functions["f"]
            reader, number, place = function.reader, function.number, function.place
            look = lambda reader=reader, number=number, place=place: reader.find(number, place, b'"k"')  # noqa: E731
            state["look"] = look
            old = [*old[-5:], look]
            time.sleep(random.random() * 0.01)
            daemon.process.kill()
            succeed(daemon)
            client._connection.close()
    finally:
        stop.set()
        thread.join()
    assert state["wrong"] == [] and state["hits"] > 0


def test_a_new_daemon_is_found(daemon, client):
    publish(client, "f", "k", 1)
    client.sync()
    first = client._region
    daemon.kill()
    assert find(client, "f", "k") is None
    daemon.start()
    with pytest.raises(memod.Unavailable):
        client.get("f", "k")
    wait_published(client, "f", "k", 1)
    assert client._region is not first


def test_garbage_in_uses_harms_nobody(daemon, client):
    client.define("f", maxsize=50)
    for key in range(50):
        publish(client, "f", key, key)
    raw = Raw(daemon.socket)
    raw.send('{"op":"map"}')
    assert raw.reply()["ok"] and len(raw.descriptors) == 3
    size = os.fstat(raw.descriptors[2]).st_size
    rng = random.Random(3)
    with mmap.mmap(raw.descriptors[2], size) as uses:
        for _ in range(150):
            for _ in range(40):
                uses[rng.randrange(size)] = rng.randrange(256)
            uses[0:16] = rng.randbytes(16)
            key = rng.randrange(50)
            client.put("f", key, key)
            assert client.get("f", key) == key
        assert client.info("f")["currsize"] == 50 and client.stats()["region"]["clients"] == 2
    raw.close()
    assert client.ping() is None


def test_what_is_handed_over_cannot_be_written(daemon):
    raw = Raw(daemon.socket)
    raw.send('{"op":"map"}')
    assert raw.reply()["ok"]
    control, shared, uses = raw.descriptors
    for descriptor in (control, shared):
        with pytest.raises(OSError):
            os.write(descriptor, b"x")
        with pytest.raises(OSError):
            mmap.mmap(descriptor, 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        with pytest.raises(OSError):
            os.ftruncate(descriptor, 0)
    with pytest.raises(OSError):
        os.ftruncate(uses, 0)
    raw.close()


def test_a_thousand_maps(daemon, client):
    publish(client, "f", "k", 1)
    made = []
    replies = {True: 0, False: 0}
    for number in range(300):
        raw = Raw(daemon.socket)
        raw.send('{"op":"map"}')
        made.append(raw)
        if number % 3:  # the others never read
            replies[raw.reply()["ok"]] += 1
    assert replies[False] > 0 and replies[True] < 128
    assert find(client, "f", "k") == 1 and client.stats()["region"]["clients"] == 128
    again = made[1]
    again.send('{"op":"map"}')
    assert again.reply()["error"]["code"] in ("busy", "bad_request")
    for each in made:
        each.close()
    deadline = time.monotonic() + 10
    while client.stats()["region"]["clients"] > 1:
        assert time.monotonic() < deadline
    for _ in range(700):
        raw = Raw(daemon.socket)
        raw.send('{"op":"map"}')
        raw.reply()
        raw.close()
    assert find(client, "f", "k") == 1


def test_what_cannot_be_read_is_dropped_and_said_once(client, monkeypatch):
    """The daemon's answer with other memory in the place of the region's."""
    seals = 0x2 | 0x4  # against cutting and growing
    gc.collect()  # what others left open is none of what is said
    contents = [bytes(1 << 16), b"MEMODRG1" + bytes(1 << 16), os.urandom(1 << 16), bytes(16)]
    for number, content in enumerate(contents):
        memory = os.memfd_create("region", os.MFD_ALLOW_SEALING)
        os.write(memory, content)
        if number != 2:  # what may be cut is refused for that
            fcntl.fcntl(memory, 1033, seals)  # F_ADD_SEALS
        real = region._receive

        def receive(connection, seconds, memory=memory):
            line, descriptors = real(connection, seconds)
            os.dup2(memory, descriptors[1])
            return line, descriptors

        with monkeypatch.context() as patched:
            patched.setattr(region, "_receive", receive)
            patched.setattr(region, "_RETRY_SECONDS", 0.0)
            client._region.forget()
            client._region._has_complained = False
            client.put("f", "k", number)
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                for _ in range(3 * region._HITS_AGAIN):
                    assert client.get("f", "k") == number
            assert find(client, "f", "k") is None
            assert len(said) == 1 and "asked for each hit" in str(said[0].message)
        os.close(memory)
    client._region._retry_at = 0.0
    wait_published(client, "f", "k", 3)


def test_a_mapping_that_is_held_costs_others_nothing(daemon):
    """Who maps and never does anything keeps a bounded amount, of what the region has anyway."""
    raw = Raw(daemon.socket)
    raw.send('{"op":"map"}')
    assert raw.reply()["ok"]
    with memod.Client() as client:
        publish(client, "f", "k", 0)
        for version in range(2000):
            client.put("f", version % 50, "x" * 4000)
            assert client.get("f", version % 50) == "x" * 4000
        publish(client, "f", "k", 1)
        found = client.stats()["region"]
        assert found["clients"] == 2 and found["bytes"] <= found["limit_bytes"]
        assert sum(os.fstat(each).st_size for each in raw.descriptors) <= found["limit_bytes"] + (1 << 20)
    raw.close()


def test_map_goes_on_a_connection_of_its_own(daemon):
    raw = Raw(daemon.socket)
    raw.send('{"op":"ping"}\n{"op":"map","id":7}')
    data = b""
    while data.count(b"\n") < 2:
        data += raw.socket.recv(1 << 14)
    second = json.loads(data.splitlines()[1])
    assert second["id"] == 7 and (second["ok"] or second["error"]["code"] == "bad_request")
    raw.close()


def test_it_can_be_off(started):
    started("--shared-bytes", "0")
    with memod.Client() as client:
        assert client.hello()["region"] is False
        client.put("f", "k", 1)
        for _ in range(100):
            assert client.get("f", "k") == 1
        found = client.stats()["region"]
        assert found["enabled"] is False and "shared-bytes" in found["reason"]
        with pytest.raises(memod.ReplyError, match="shared-bytes"):
            client._call(operations.Operation({"op": "map"}, lambda reply: reply))


def test_a_small_region_gives_way(started):
    started("--shared-bytes", "128KiB")
    with memod.Client() as client:
        for key in range(3000):
            client.put("f", key, f"{key}" * 30)
        for _ in range(2):
            for key in range(3000):
                assert client.get("f", key) == f"{key}" * 30
        found = client.stats()["region"]
        assert 0 < found["entries"] < 2000 and found["bytes"] <= found["limit_bytes"] == 128 << 10
        publish(client, "f", 1, "new")


def test_changed_access_rules_close_it(started, tmp_path):
    settings = tmp_path / "memod.conf"
    settings.write_text("")
    daemon = started("--config", str(settings))
    with memod.Client() as client:
        publish(client, "f", "k", 1)
        settings.write_text("allow-user = nobody\n")
        daemon.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while find(client, "f", "k") is not None:
            assert time.monotonic() < deadline
        wait_published(client, "f", "k", 1)
        assert client.stats()["region"]["entries"] == 1


def as_user(uid, body):
    """Runs `body` in a process of another user; whether it raised nothing."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as a program of that user: others of its may look into it
            body()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    return child


def ended_well(child):
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs other users")
def test_users_map_their_own_only(started, tmp_path):
    for directory in (tmp_path, *tmp_path.parents[:3]):
        os.chmod(directory, 0o755)
    one, two = 65533, 65532
    daemon = started(
        "--isolation", "user", "--allow-user", str(one), "--allow-user", str(two), "--shared", "all.*"
    )
    ready_read, ready = os.pipe()
    go_read, go = os.pipe()

    def use():
        uid = os.getuid()
        with memod.Client(daemon.socket) as client:
            client.put("own", "k", uid)
            client.put("all.x", "k", "everyone's")
            wait_published(client, "own", "k", uid)
            wait_published(client, "all.x", "k", "everyone's")
            own, common = client._region.functions["own"], client._region.functions["all.x"]
            assert own.reader is not common.reader
            # Whatever numbers and places the other user's functions have, they are not in there.
            hits = (own.reader.find(number, place, b'"k"') for number in range(40) for place in range(40))
            assert {hit[0] for hit in hits if hit} == {str(uid)}
            raw = Raw(daemon.socket)
            raw.send('{"op":"map"}')
            assert raw.reply()["regions"] == 2 and len(raw.descriptors) == 5
            for descriptor in (raw.descriptors[0], raw.descriptors[1], raw.descriptors[3]):
                with pytest.raises(PermissionError):
                    os.open(f"/proc/self/fd/{descriptor}", os.O_RDWR)
            os.write(ready, b"x")
            os.read(go_read, 1)

    children = [as_user(one, use), as_user(two, use)]
    assert len(os.read(ready_read, 1) + os.read(ready_read, 1)) == 2

    def spy():
        for process in (children[0], daemon.process.pid):
            for number in range(64):
                with pytest.raises(OSError):
                    os.open(f"/proc/{process}/fd/{number}", os.O_RDONLY)

    try:
        assert ended_well(as_user(two, spy))
        with memod.Client(daemon.socket) as client:
            assert client.stats()["region"]["clients"] == 4
    finally:
        os.write(go, b"xx")
    assert all([ended_well(child) for child in children])


@pytest.mark.skipif(os.geteuid() != 0, reason="needs other users")
def test_more_owners_than_regions(started, tmp_path):
    """An owner whose processes are gone makes room; one whose are there does not, and the others ask the daemon."""
    for directory in (tmp_path, *tmp_path.parents[:3]):
        os.chmod(directory, 0o755)
    uids = range(65500, 65512)
    rules = [part for uid in uids for part in ("--allow-user", str(uid))]
    daemon = started("--isolation", "user", *rules)

    def use():
        with memod.Client(daemon.socket) as client:
            client.put("f", "k", os.getuid())
            wait_published(client, "f", "k", os.getuid())

    for uid in uids:
        assert ended_well(as_user(uid, use))
    with memod.Client(daemon.socket) as client:
        found = client.stats()["region"]
        assert found["bytes"] <= found["limit_bytes"] and found["entries"] <= 8
    read, write = os.pipe()
    ready_read, ready = os.pipe()

    def stay():
        with memod.Client(daemon.socket) as client:
            client.put("f", "k", 1)
            for _ in range(100):
                assert client.get("f", "k") == 1
            os.write(ready, b"x")
            os.read(read, 1)

    children = [as_user(uid, stay) for uid in uids]
    for _ in children:
        os.read(ready_read, 1)
    with memod.Client(daemon.socket) as client:
        assert client.stats()["region"]["clients"] == 8
    os.write(write, b"x" * len(children))
    assert all([ended_well(child) for child in children])
