"""R9 and R10: what a host does when it hears that another one deleted or cleared, with a real Redis between them."""

import threading

import pytest
from proxy import Proxy
from redis_server import wait_until
from test_rules import shared


def lookups(redis):
    """How many results were asked for, by all hosts."""
    for line in redis("INFO", "commandstats").decode().splitlines():
        if line.startswith("cmdstat_get:"):
            return int(line.split("calls=")[1].split(",")[0])
    return 0


def test_r9_a_delete_elsewhere_drops_the_entry_ends_its_lease_and_reads_nothing_anew(redis, machines):
    a, b = machines.two(redis.url)
    shared(a, b, 1, "v")
    lease = b("get", fn="f", key=2, lease_ms=30000)["lease"]
    before = lookups(redis)
    # The log has the one that is leased first.
    assert a.delete(2) == "done" and a.delete(1) == "done"
    wait_until(lambda: b.get(1, remote=False) is None, seconds=1, what="the delete is heard")
    late = b.put(2, "of before", lease=lease)
    assert (late["stored"], late["reason"]) == (False, "lease_lost")
    assert lookups(redis) == before
    # Only who asks has it looked up.
    assert b.get(1) is None and lookups(redis) > before


def test_r9_a_clear_elsewhere_drops_the_entries_ends_leases_and_reads_nothing_anew(redis, machines):
    a, b = machines.two(redis.url)
    for key in range(20):
        shared(a, b, key, "v")
    lease = b("get", fn="f", key="mine", lease_ms=30000)["lease"]
    before = lookups(redis)
    assert a.clear() == "done"
    wait_until(lambda: b.get(1, remote=False) is None, seconds=1, what="the clear is heard")
    assert not any(hit["hit"] for hit in b("mget", fn="f", keys=list(range(20)), remote=False)["results"])
    assert b.put("mine", "of before", lease=lease)["stored"] is False
    assert lookups(redis) == before


class HoldingProxy(Proxy):
    """Keeps back what the server answers on connections that results were asked for on."""

    def __init__(self, target, path):
        super().__init__(target, path)
        self.asks = threading.Event()
        self.is_held = threading.Event()
        self.asking = set()
        self.free = threading.Event()

    def passes(self, near, far, data, is_request):
        if is_request and self.asks.is_set() and b"\r\nGET\r\n" in data:
            self.asking.add(near)
        if not is_request and near in self.asking:
            self.is_held.set()
            self.free.wait(20)

    def close(self):
        self.free.set()
        super().close()


@pytest.mark.parametrize("how", ["delete", "clear"])
def test_r10_an_answer_that_was_under_way_when_its_key_was_deleted_or_cleared_is_not_used(redis, scratch, machines, how):
    proxy = HoldingProxy(redis.socket, scratch / f"holding-{how}")
    try:
        a, b = machines.make(redis.url).start(), machines.make(f"redis+unix://{proxy.path}").start()
        shared(a, b, 0, "both know the function")
        a.put(1, "old")
        wait_until(lambda: a.remote["puts"] == 2)
        watcher = b.connect()
        watcher("subscribe", fn="f")
        proxy.asks.set()
        asking = b.connect()
        asking.send("get", fn="f", key=1)
        assert proxy.is_held.wait(20), "it did not ask"
        assert (a.delete(1) if how == "delete" else a.clear()) == "done"
        assert watcher.read()["event"] == how
        proxy.asks.clear()
        proxy.free.set()
        assert asking.read()["hit"] is False
        # Nor is it kept.
        assert b.get(1, remote=False) is None
        a.put(1, "new")
        wait_until(lambda: b.get(1) == "new", seconds=5)
        watcher.close()
        asking.close()
    finally:
        proxy.close()
