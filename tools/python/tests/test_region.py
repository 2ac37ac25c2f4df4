"""Hits that are read from the memory which the daemon publishes: never an old one, counted, and uses in their order."""

import asyncio
import ctypes
import os
import random
import threading
import time

import pytest

import memod
from conftest import start_anew
from memod._region import region
from memod._region.canonical import canonical
from region_cases import find, publish, reader, wait_published  # noqa: F401

ENDS = {
    "put": lambda other: other.put("f", "k", "new"),
    "put_expired": lambda other: other.put("f", "k", "new", ttl_ms=0),
    "mput": lambda other: other.mput("f", [("k", "new")]),
    "delete": lambda other: other.delete("f", "k"),
    "touch": lambda other: other.touch("f", "k", 0),
    "clear": lambda other: other.clear("f"),
    "tag": lambda other: other.clear(tag="t"),
    "all": lambda other: other.clear(all=True),
    "pattern": lambda other: other.clear(pattern="f*"),
    "forget": lambda other: other.forget("f"),
    "forget_pattern": lambda other: other.forget(pattern="*"),
    "typed": lambda other: other.define("f", typed=True),
    "persist": lambda other: other.define("f", persist=False),
    "maxsize": lambda other: other.define("f", maxsize=0),
    "max_bytes": lambda other: other.define("f", max_bytes=1),
    "evicted": lambda other: (other.define("f", maxsize=1), other.put("f", "other", 1)),
}


@pytest.mark.parametrize("end", list(ENDS))
def test_nothing_old_is_read(client, end):
    publish(client, "f", "k", "old", tags=["t"])
    publish(client, "g", "k", "stays")
    with memod.Client() as other:
        ENDS[end](other)
        assert find(client, "f", "k") is None
        now = other.get("f", "k")
        assert now != "old" and client.get("f", "k") == now
    if end not in ("all", "forget_pattern"):
        assert client.get("g", "k") == "stays"


def test_what_ends_is_read_until_then(client):
    began = time.monotonic()
    client.put("f", "k", 1, ttl_ms=400)
    acknowledged = time.monotonic()
    seen = 0
    while time.monotonic() < began + 0.3 and not seen:
        client.get("f", "k")
        seen += find(client, "f", "k") == 1
    while True:
        asked = time.monotonic()
        if find(client, "f", "k") is None and asked > began + 0.4:
            break
        # The clock of entries counts whole milliseconds.
        assert asked < acknowledged + 0.4 + 0.002
    assert client.get("f", "k") is None


def test_an_entry_in_its_grace_time_is_asked_for(client):
    client.put("f", "k", 1, ttl_ms=1, stale_ms=60_000)
    time.sleep(0.002)
    for _ in range(60):
        assert client.get("f", "k") == 1
    assert find(client, "f", "k") is None


def test_hits_are_counted_at_once_and_exactly(client):
    for fn, maxsize in (("f", None), ("g", 10)):
        client.define(fn, maxsize=maxsize)
        client.put(fn, "k", 1, cost_ms=7)
        for _ in range(3000):
            assert client.get(fn, "k") == 1
        info = client.info(fn)
        assert (info["hits"], info["misses"], info["saved_ms"]) == (3000, 0, 21_000)
    stats = client.stats()
    assert stats["hits"] == 6000 and 5500 < stats["region"]["hits"] < 6000
    assert stats["region"]["clients"] == 1 and stats["region"]["entries"] == 2
    client.clear("f")
    assert client.info("f")["hits"] == 0 and client.stats()["hits"] == 6000


def test_hits_are_kept_across_restarts(daemon, client):
    publish(client, "f", "k", 1)
    publish(client, "g", "k", 1)
    for _ in range(300):
        assert client.get("f", "k") == client.get("g", "k") == 1
    before = client.stats()["region"]["hits"]
    assert before >= 600
    client.clear("g")  # which zeroes its own
    daemon.stop()
    daemon.start()
    with memod.Client() as other:
        assert other.stats()["region"]["hits"] == before


def test_hits_count_when_the_client_is_gone(daemon, client):
    with memod.Client() as other:
        region._regions.clear()
        client.put("f", "k", 1)
        for _ in range(500):
            assert other.get("f", "k") == 1
        assert other._region.functions["f"].reader is not None
        other._region.forget()
    assert client.info("f")["hits"] == 500


def test_threads_share_what_is_mapped(client):
    client.define("f", maxsize=100)
    for key in range(8):
        publish(client, "f", key, key)
    before = client.info("f")["hits"]

    def work():
        for index in range(2000):
            assert client.get("f", index % 8) == index % 8

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert client.info("f")["hits"] == before + 8000


def test_uses_keep_an_entry(client):
    client.define("f", maxsize=2)
    publish(client, "f", "a", 1)
    publish(client, "f", "b", 2)
    assert find(client, "f", "a") == 1
    client.put("f", "c", 3)
    assert [client.why("f", key)["state"] for key in "abc"] == ["present", "evicted", "present"]


def test_the_order_is_that_of_all_uses(client):
    """Against a list, with hits from the region and from the daemon in between."""
    rng = random.Random(5)
    client.define("f", maxsize=6)
    order = []
    for _ in range(1500):
        key = rng.randrange(9)
        if rng.random() < 0.2:
            client.put("f", key, key)
            if key in order:
                order.remove(key)
            order.append(key)
            del order[:-6]
        else:
            found = client.get("f", key)
            assert found == (key if key in order else None)
            if found is not None:
                order.remove(key)
                order.append(key)
    assert client.stats()["region"]["hits"] > 300


def test_every_kind_of_key_is_found(client):
    keys = [
        1, -5, 0, 10**18, -(2**63), 2**63, 1.0, 1.5, -0.0, 1e22, 1e21, 1e-7, 1.5e-7, 123456789.125, 1e300, 5e-324,
        "", "plain", "ünïcode ☃ 𝄞", 'quote " and \\ and / and \n\t\r\b\f\x00\x1f\x7f', None, True, False,
        [], [1, [2, "x"]], {}, {"b": 1, "a": [1.0, {"z": 2, "y": 1e3}], "": 0}, (1, 2), [1, "true e. {"], "k" * 3000,
    ]  # fmt: skip
    for fn in ("f", "typed"):
        client.define(fn, typed=fn == "typed")
        for number, key in enumerate(keys):
            client.put(fn, [number, key], number)
        for _ in range(3):
            for number, key in enumerate(keys):
                assert client.get(fn, [number, key]) == number
        for number, key in enumerate(keys):
            assert find(client, fn, [number, key]) == number, key
    client.put("typed", 1, "int")
    client.put("typed", 1.0, "float")
    for _ in range(5):
        assert (client.get("typed", 1), client.get("typed", 1.0)) == ("int", "float")


def test_canonical_numbers():
    for text, form, typed in [
        ("1", "1", "1"), ("1.0", "1", "1.0"), ("-0.0", "0", "0.0"), ("1e+22", "1e22", "1.0e22"),
        ("1.5e-07", "15e-8", "15e-8"), ("0.001", "0.001", "0.001"), ("1e3", "1000", "1000.0"),
        ("12.50", "12.5", "12.5"), ("12.5", "12.5", "12.5"), ("-0.05", "-0.05", "-0.05"), ("1.5e3", "1500", "1500.0"),
    ]:  # fmt: skip
        assert (canonical(f"[{text}]"), canonical(f"[{text}]", True)) == (f"[{form}]", f"[{typed}]")


def test_values_come_back_as_they_were(client):
    for number, value in enumerate([None, 0, 1.5, "x" * 16_000, {"a": [1, None]}, (1, {2}), b"\x00\xff", True]):
        publish(client, "f", number, value)
        assert find(client, "f", number) == value and type(find(client, "f", number)) is type(value)
    client.put("f", "large", "x" * 20_000)
    for _ in range(40):
        assert client.get("f", "large") == "x" * 20_000
    assert find(client, "f", "large") is None
    found = client.mget("f", [0, 1, "missing", 3])
    assert [(each.hit, each.value) for each in found] == [(True, None), (True, 0), (False, None), (True, "x" * 16_000)]


def test_a_forked_child_maps_for_itself(client):
    publish(client, "f", "k", 1)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        inherited = client._region.functions.get("f")
        said = [inherited is None or inherited.reader is None]
        for _ in range(100):
            said.append(client.get("f", "k") == 1)
        said.append(find(client, "f", "k") == 1)
        os.write(write, b"yes" if all(said) else b"no!")
        os._exit(0)
    assert os.read(read, 3) == b"yes"
    os.waitpid(child, 0)
    assert find(client, "f", "k") == 1
    assert client.info("f")["hits"] >= 100


def test_a_bare_fork_reads_nothing(client):
    """One that no interpreter hears of: a page that such a child finds empty tells."""
    publish(client, "f", "k", 1)
    function = client._region.functions["f"]
    child = ctypes.PyDLL(None).fork()
    if child == 0:
        os._exit(0 if function.find('"k"') is None and not function.reader.is_open() else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert function.find('"k"') is not None


def test_event_loops_read_it_too(daemon):
    async def main():
        async with memod.AsyncClient() as client:
            for key in range(3):
                await client.put("f", key, [key])
            deadline = time.monotonic() + 10
            while find(client, "f", 1) is None:
                assert await client.get("f", 1) == [1] and time.monotonic() < deadline
            before = (await client.stats())["region"]["hits"]
            for _ in range(100):
                assert await client.get("f", 1) == [1]
            assert (await client.stats())["region"]["hits"] - before == 100
            assert await client.get("f", "missing", 7) == 7
            found = await client.mget("f", [0, 1, "missing", 2])
            assert [each.value for each in found] == [[0], [1], None, [2]]
            await client.put("f", 1, "new")
            assert await client.get("f", 1) == "new" and find(client, "f", 1) in (None, "new")
            daemon.kill()
            assert find(client, "f", 1) is None

    asyncio.run(main())


def test_memoized_functions_read_it(daemon):
    with memod.Client() as client:
        def value(x, y="a"):
            return [x, y]

        first = memod.lru_cache(maxsize=None, name="test.value")(value)
        for x in range(200):
            first(x)
        start_anew()
        second = memod.lru_cache(maxsize=None, name="test.value")(value)
        for x in range(200):
            assert second(x) == [x, "a"]
        start_anew()
        third = memod.lru_cache(maxsize=None, name="test.value")(value)
        before = client.stats()["region"]["hits"]
        for x in range(200):
            assert third(x) == [x, "a"]
        assert client.stats()["region"]["hits"] - before > 150
        third.cache_clear()
        assert client.info("test.value")["currsize"] == 0


def again(count=200, **options):
    """As in a new process: a function of ours, and how many of its calls were read from memory, and how many computed."""
    start_anew()
    computed = []

    @memod.lru_cache(maxsize=None, name="test.timed", **options)
    def function(x):
        computed.append(x)
        return [x]

    with memod.Client() as client:
        before = client.stats()["region"]["hits"]
        assert [function(x) for x in range(count)] == [[x] for x in range(count)]
        return function, client.stats()["region"]["hits"] - before, len(computed)


def test_a_function_with_a_ttl_reads_by_itself(client):
    for _ in range(2):
        again(ttl=3600, stale=60)
    function, read, computed = again(ttl=3600, stale=60)
    assert read > 150 and computed == 0
    assert function(7) == [7] and function.cache_info().hits == 201
    # `early` is the daemon's to decide.
    assert again(ttl=3600, early=1)[1:] == (0, 0)


def test_no_result_in_memory_is_older_than_a_ttl_allows(client):
    for _ in range(3):
        again(ttl=3600)
    time.sleep(1.1)
    _, _, computed = again(ttl=1)
    assert computed == 200
    # What was computed is good for a second, and is not kept for longer.
    began = time.monotonic()
    for _ in range(2):
        again(ttl=1)
    function, read, computed = again(20, ttl=1)
    if time.monotonic() < began + 0.9:
        assert (read, computed) == (20, 0)
    time.sleep(max(0.0, began + 1.01 - time.monotonic()))
    client.delete("test.timed", [3])
    client.put("test.timed", [3], ["other"])
    assert function(3) == ["other"]


def test_the_age_of_what_has_no_end_is_asked_for(client):
    for _ in range(3):
        again()
    time.sleep(1.1)
    assert again(ttl=1)[2] == 200
    assert again(ttl=3600)[2] == 0
