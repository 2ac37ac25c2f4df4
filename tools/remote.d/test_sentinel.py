"""A master that sentinels watch: who is it now?"""

import os
import signal
import time

import pytest
from redis_cluster import Sentinels
from redis_server import wait_until

@pytest.fixture(scope="module")
def sentinels(scratch):
    folder = scratch / "sentinels"
    folder.mkdir()
    made = Sentinels(folder)
    try:
        yield made.start()
    finally:
        made.stop()


def is_used(host, node):
    nodes = host.remote["nodes"]
    return len(nodes) == 1 and nodes[0]["address"].endswith(f":{node.port}") and host.remote["state"] == "up"


def test_a_master_that_no_sentinel_knows_is_told(sentinels, machines):
    a = machines.make(sentinels.url[: -len(sentinels.name)] + "other").start(is_up=False)
    wait_until(lambda: 'knows no master "other"' in a.remote.get("reason", ""))
    a.put(1, 1)
    assert a.get(1) == 1 and a.remote["state"] == "down"


# In this order: the first leaves the other server as the master.
@pytest.mark.parametrize("how", ["hung", "asked"])
def test_a_master_that_is_replaced_is_left_for_the_new_one(sentinels, machines, how):
    old, new = sorted([sentinels.master, sentinels.replica], key=lambda node: node.role)
    a, b = machines.two(sentinels.url)
    a.put(1, "v")
    wait_until(lambda: b.get(1) == "v")
    assert is_used(a, old) and a.delete(2, fn="g") == "done"
    began = time.monotonic()
    if how == "hung":
        old.signal(signal.SIGSTOP)
    else:
        sentinels.ask(sentinels.ports[0], "SENTINEL", "FAILOVER", sentinels.name)
    while not all(is_used(host, new) for host in (a, b)):
        a.put(["n", how], 1)
        assert a.get(1) == "v" and a.get(["n", how]) == 1 and b.get("nothing") is None
        assert time.monotonic() - began < 30
        time.sleep(0.01)
    print(f"{how}: {time.monotonic() - began:.1f} s")
    assert a.clear() == "done"
    wait_until(lambda: b.get(1) is None, seconds=1)
    if how == "asked":
        return
    # The old one comes back as a replica of the new one, and nobody takes it for the master.
    old.signal(signal.SIGCONT)
    wait_until(lambda: old.role == "slave" and b"master_link_status:up" in old("INFO"), 20, "it follows")
    wait_until(lambda: (a.put(3, "new"), b.get(3))[1] == "new", what="it is shared")
    assert all(is_used(host, new) for host in (a, b)) and b.get(1) is None


def test_sentinels_that_do_not_answer_are_passed_over(sentinels, machines):
    for process in sentinels.processes[:2]:
        os.kill(process.pid, signal.SIGSTOP)
    a = machines.make(sentinels.url).start(is_up=False)
    a.wait_for("up", 10)
    for process in sentinels.processes[:2]:
        os.kill(process.pid, signal.SIGCONT)
    # All gone: what is known is used on.
    for process in sentinels.processes:
        process.kill()
    assert a.put(1, 1)["stored"] and a.clear() == "done" and a.remote["state"] == "up"
