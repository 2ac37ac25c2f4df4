"""R13: one machine computes while the others wait, for functions that are defined so."""

import os
import signal
import threading
import time

from redis_server import wait_until
from test_rules import names


def leased(machines, url, *options):
    a, b = machines.two(url, *options)
    for host in (a, b):
        assert host("define", fn="f", remote_lease=True)["remote_lease"] is True
    # Its epoch is known from now on.
    assert a.clear() == "done"
    wait_until(lambda: b("get", fn="f", key="first")["hit"] is False)
    return a, b


def leases(redis, machines):
    return [n for n in names(redis, machines) if n.endswith(b":l")]


class Waiting(threading.Thread):
    """A `get` that waits, on a connection of its own."""

    def __init__(self, host, key, wait_ms):
        super().__init__()
        self.connection = host.connect()
        self.fields = dict(fn="f", key=key, lease_ms=30000, wait_ms=wait_ms, meta=True)
        self.start()

    def run(self):
        began = time.monotonic()
        self.reply = self.connection("get", **self.fields)
        self.seconds = time.monotonic() - began

    def result(self):
        self.join(60)
        assert not self.is_alive()
        return self.reply


def test_r13_another_machine_waits_for_the_one_that_computes(shared_redis, machines):
    a, b = leased(machines, shared_redis.url)
    lease = a("get", fn="f", key=1, lease_ms=30000)["lease"]
    assert len(leases(shared_redis, machines)) == 1
    waiting = [Waiting(b, 1, 20000) for _ in range(3)]
    time.sleep(0.3)
    assert all(w.is_alive() for w in waiting)
    assert a.put(1, "computed once", lease=lease)["stored"]
    for waiter in waiting:
        assert waiter.result()["value"] == "computed once"
    # Who found it may have taken the lease that the put had ended, and gives it back.
    wait_until(lambda: leases(shared_redis, machines) == [])
    # It was found after a pause of at most 200 ms.
    assert all(w.seconds < 15 for w in waiting)


def test_r13_who_may_not_wait_or_no_longer_computes(shared_redis, machines):
    a, b = leased(machines, shared_redis.url)
    a("get", fn="f", key=1, lease_ms=30000)
    began = time.monotonic()
    assert "lease" in b("get", fn="f", key=1, lease_ms=30000)
    assert time.monotonic() - began < 1
    reply = Waiting(b, 2, 400)
    assert "lease" in reply.result()
    a("get", fn="f", key=3, lease_ms=30000)
    waiter = Waiting(b, 3, 400)
    assert "lease" in waiter.result() and waiter.seconds >= 0.39


def test_r13_a_lease_that_is_given_back_or_lost_is_the_next_ones(shared_redis, machines):
    a, b = leased(machines, shared_redis.url)
    token = a("get", fn="f", key=1, lease_ms=30000)["lease"]
    waiter = Waiting(b, 1, 20000)
    time.sleep(0.1)
    assert a("release", fn="f", key=1, lease=token)["released"]
    assert "lease" in waiter.result() and waiter.seconds < 10
    # Who computed is gone.
    other = a.connect()
    assert "lease" in other("get", fn="f", key=2, lease_ms=30000)
    waiter = Waiting(b, 2, 20000)
    time.sleep(0.1)
    other.close()
    assert "lease" in waiter.result() and waiter.seconds < 10
    # The whole machine is: its time is over at some point.
    assert "lease" in a("get", fn="f", key=3, lease_ms=700)
    a.kill()
    waiter = Waiting(b, 3, 20000)
    assert "lease" in waiter.result() and 0.3 < waiter.seconds < 10
    a.start()


def test_r13_a_hit_leaves_no_lease(shared_redis, machines):
    a, b = leased(machines, shared_redis.url)
    lease = a("get", fn="f", key=1, lease_ms=30000)["lease"]
    a.put(1, "v", lease=lease)
    wait_until(lambda: leases(shared_redis, machines) == [])
    assert b("get", fn="f", key=1, lease_ms=30000)["value"] == "v"
    wait_until(lambda: leases(shared_redis, machines) == [])


def test_r13_after_a_clear_one_machine_computes_anew_though_the_old_result_is_still_there(shared_redis, machines):
    a, b = leased(machines, shared_redis.url)
    lease = a("get", fn="f", key=1, lease_ms=30000)["lease"]
    a.put(1, "old", lease=lease)
    wait_until(lambda: b.get(1) == "old")
    assert a.clear() == "done"
    wait_until(lambda: b.get(1, remote=False) is None)
    lease = a("get", fn="f", key=1, lease_ms=30000)["lease"]
    waiter = Waiting(b, 1, 20000)
    time.sleep(0.3)
    assert waiter.is_alive()
    a.put(1, "new", lease=lease)
    assert waiter.result()["value"] == "new"


def test_r13_without_a_server_each_computes_at_once(redis, machines):
    a, b = leased(machines, redis.url, "--remote-budget", "25ms")
    a("get", fn="f", key=1, lease_ms=30000)
    redis.signal(signal.SIGSTOP)
    try:
        waiter = Waiting(b, 1, 20000)
        assert "lease" in waiter.result() and waiter.seconds < 3
    finally:
        redis.signal(signal.SIGCONT)


def test_r13_a_waiting_client_goes_on_when_its_helper_dies(shared_redis, machines):
    a, b = leased(machines, shared_redis.url)
    a("get", fn="f", key=1, lease_ms=30000)
    waiter = Waiting(b, 1, 20000)
    time.sleep(0.1)
    os.kill(b.helper, signal.SIGKILL)
    assert "lease" in waiter.result() and waiter.seconds < 15


def test_r13_who_waits_for_another_machine_when_its_daemon_ends_is_told_that_it_is_held(shared_redis, machines):
    a, b = leased(machines, shared_redis.url)
    assert "lease" in a("get", fn="f", key=1, lease_ms=30000)
    waiter = Waiting(b, 1, 20000)
    time.sleep(0.3)
    assert waiter.is_alive()
    b.stop()
    reply = waiter.result()
    assert reply["hit"] is False and reply["held"] is True and "lease" not in reply
    assert waiter.seconds < 10
