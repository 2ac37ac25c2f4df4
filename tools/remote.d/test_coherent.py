"""R12: functions that are defined coherent are not served while other machines cannot be heard."""

import os
import signal
import time

from hosts import memoctl
from redis_server import wait_until
from test_rules import shared


def test_r12_a_coherent_function_misses_while_the_others_cannot_be_heard(redis, machines):
    a, b = machines.two(redis.url)
    assert a("define", fn="f", coherent=True)["coherent"] is True
    shared(a, b, 1, "v")
    shared(a, b, 1, "other", fn="g")
    assert a.get(1) == "v"
    redis.kill()
    wait_until(lambda: a.get(1) is None, 6, "it is served no more")
    assert a.get(1, fn="g") == "other"
    # Everybody computes, and nobody waits for a result that would not be served either.
    assert "lease" in a("get", fn="f", key=1, lease_ms=30000, wait_ms=20000)
    other = a.connect()
    began = time.monotonic()
    assert other("get", fn="f", key=1, lease_ms=30000, wait_ms=20000) | {"id": 0} == {
        "id": 0, "ok": True, "hit": False, "held": True,
    }  # fmt: skip
    assert time.monotonic() - began < 5
    assert a.put(1, "meanwhile")["stored"] and a.get(1) is None
    assert a("mget", fn="f", keys=[1])["results"] == [{"hit": False}]
    reply = a("why", fn="f", key=1)
    assert reply["state"] == "present" and reply["withheld"] is True
    assert "not served" in memoctl(a, "why", "f", "1").stdout
    assert a.put(1, "for g", fn="g")["stored"] and a.get(1, fn="g") == "for g"
    redis.start()
    a.wait_for("up")
    # The server had lost everything, and with it what was computed under it, also in the moment before that is known.
    wait_until(lambda: a.put(1, "again")["stored"] and a.get(1) == "again", 6, "it is served again")
    assert a("why", fn="f", key=1).get("withheld") is None
    # The setting holds after a restart, before the servers are reached.
    redis.kill()
    a.stop()
    a.start(is_up=False)
    assert a.get(1) is None and a("why", fn="f", key=1)["withheld"] is True
    redis.start()
    a.wait_for("up")
    wait_until(lambda: a.put(1, "at last")["stored"] and a.get(1) == "at last", 6, "it is served at last")


def test_r12_a_helper_that_hangs_is_noticed_within_five_seconds(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    a("define", fn="f", coherent=True)
    shared(a, b, 1, "v")
    os.kill(a.helper, signal.SIGSTOP)
    began = time.monotonic()
    try:
        wait_until(lambda: a.get(1) is None, 20)
        assert time.monotonic() - began < 6.5
        b("put", fn="f", key=1, value="newer")
        assert a.get(1) is None
    finally:
        os.kill(a.helper, signal.SIGCONT)
    wait_until(lambda: a.get(1) is not None, 10)


def test_r12_clients_let_go_of_what_they_have_at_hand(redis, machines):
    a = machines.make(redis.url).start()
    a("define", fn="f", coherent=True)
    a.put(1, "v")
    listening = a.connect()
    listening("subscribe", fn="f")
    redis.kill()
    assert listening.read() == {"event": "clear", "fn": "f", "remote": True}
    wait_until(lambda: a.get(1) is None)
    a.put(2, "computed meanwhile")
    assert listening.read() == {"event": "delete", "fn": "f", "key": 2, "remote": True}
    redis.start()


def test_r12_what_is_not_shared_is_served_as_ever(redis, machines):
    a = machines.make(redis.url, functions="shared.*").start()
    a("define", fn="mine", coherent=True)
    a.put(1, "v", fn="mine")
    redis.kill()
    a.wait_for("down")
    assert a.get(1, fn="mine") == "v"
    redis.start()


def test_a_function_is_defined_coherent_and_leased_with_memoctl(shared_redis, machines):
    a = machines.make(shared_redis.url).start()
    ended = memoctl(a, "define", "f", "--coherent", "--remote-lease")
    assert ended.returncode == 0, ended.stderr
    assert "coherent   yes" in ended.stdout and "lease      one machine computes for all" in ended.stdout
    assert a("define", fn="f")["remote_lease"] is True
    assert memoctl(a, "define", "f", "--no-coherent", "--no-remote-lease").returncode == 0
    reply = a("define", fn="f")
    assert (reply["coherent"], reply["remote_lease"]) == (False, False)
