"""Faults of real parts, from memod's side: no request fails, local hits stay, and nothing outdated is found afterwards."""

import os
import random
import signal
import struct
import threading
import time

import pytest
from proxy import Proxy
from redis_server import wait_until
from test_rules import shared


class Clients:
    """Clients of a host that keep asking and putting, and note what goes wrong."""

    def __init__(self, host, count, seed):
        self.host, self.errors, self.requests, self.slowest = host, [], 0, 0.0
        self.ends = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(seed + number,)) for number in range(count)]
        for thread in self.threads:
            thread.start()

    def run(self, seed):
        rng = random.Random(seed)
        try:
            connection = self.host.connect()
            while not self.ends.is_set():
                key = rng.randrange(2000)
                began = time.monotonic()
                reply = connection("get", fn="f", key=key, lease_ms=5000)
                if reply["hit"]:
                    assert reply["value"] == key, reply
                elif "lease" in reply:
                    connection("put", fn="f", key=key, value=key, lease=reply["lease"])
                self.slowest = max(self.slowest, time.monotonic() - began)
                if rng.random() < 0.02:
                    connection("delete", fn="f", key=key)
                self.requests += 1
        except BaseException as error:
            self.errors.append(error)

    def stop(self):
        self.ends.set()
        for thread in self.threads:
            thread.join(60)
        assert not self.errors, self.errors
        return self.requests


def test_the_helper_killed_at_random_under_load_costs_misses_only(shared_redis, machines):
    seed = int(os.environ.get("MEMOD_TEST_SEED", time.time_ns() % 1_000_000))
    print(f"seed {seed}")
    rng = random.Random(seed)
    a, b = machines.two(shared_redis.url)
    load = [Clients(a, 4, seed), Clients(b, 4, seed + 100)]
    kills = 0
    for _ in range(int(os.environ.get("MEMOD_TEST_STEPS", "12"))):
        time.sleep(rng.uniform(0.05, 0.6))
        helper = rng.choice([a, b]).helper
        if helper:
            os.kill(helper, rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))
            kills += 1
    assert kills > 3
    assert all(clients.stop() > 50 for clients in load)
    for host in (a, b):
        host.wait_for("up", 30)
    assert a.clear() == "done"
    wait_until(lambda: b.get(1, remote=False) is None)


def test_a_server_that_hangs_and_comes_back_is_used_again_within_two_and_a_half_seconds(redis, machines):
    a, b = machines.two(redis.url, "--remote-budget", "25ms")
    shared(a, b, "known", "v")
    load = Clients(a, 4, 1)
    redis.signal(signal.SIGSTOP)
    a.wait_for("down")
    redis.signal(signal.SIGCONT)
    began = time.monotonic()
    a.wait_for("up")
    # As long as this machine lets it run at all.
    assert time.monotonic() - began < 5
    assert load.stop() > 50


@pytest.fixture
def proxy(redis, scratch):
    made = Proxy(redis.socket, scratch / f"proxy{time.time_ns() % 1_000_000}")
    yield made
    made.close()


def test_a_partition_one_machine_wide_ends_with_nothing_outdated(redis, proxy, machines):
    a = machines.make(redis.url).start()
    b = machines.make(f"redis+unix://{proxy.path}").start()
    shared(a, b, 1, "old")
    shared(a, b, 2, "old")
    proxy.holds.set()
    assert a.clear() == "done" and a.delete(2) == "done"
    a.put(1, "new")
    b.wait_for("down")
    # Hosts do not hear each other: what is here is served, and its own clears hold.
    assert b.get(1) == "old"
    assert b("delete", fn="f", key=2)["remote"] == "queued" and b.get(2) is None
    proxy.holds.clear()
    b.wait_for("up", 15)
    assert b.get(1) in (None, "new") and b.get(2) is None
    wait_until(lambda: b.remote["pending_clears"] == 0)
    for _ in range(5):
        proxy.cut()
        b.wait_for("up", 15)
    shared(a, b, 3, "after")


def test_a_slow_server_costs_its_budget_and_not_more(redis, proxy, machines):
    a = machines.make(f"redis+unix://{proxy.path}", "--remote-budget", "25ms").start()
    a.get("first")
    proxy.delay = 0.2
    began = time.monotonic()
    for key in range(200):
        assert a.get(["m", key]) is None
        a.put(["m", key], key)
        assert a.get(["m", key]) == key
    assert time.monotonic() - began < 6
    proxy.delay = 0
    a.wait_for("up", 15)


def test_a_machine_that_was_off_for_a_day_comes_back_with_nothing_outdated(shared_redis, machines, tmp_path):
    clock = tmp_path / "clock"
    clock.write_bytes(struct.pack("<q", 0))
    a = machines.make(shared_redis.url).start()
    b = machines.make(shared_redis.url, variables={"MEMOD_TEST_CLOCK": clock}).start()
    for key in range(20):
        shared(a, b, key, "old")
        shared(a, b, key, "old", fn="g")
    b.stop()
    assert a.clear() == "done"
    for key in range(20):
        assert a.delete(key, fn="g") == "done"
    for name in shared_redis("KEYS", f"memod:v1:*{machines.namespace}*:log"):
        shared_redis("XTRIM", name, "MAXLEN", 0)
    clock.write_bytes(struct.pack("<q", 86_400_000))
    b.start()
    for key in range(20):
        assert b.get(key) is None and b.get(key, fn="g") is None
    a.put(1, "new")
    wait_until(lambda: b.get(1) == "new")


def test_machines_whose_clocks_are_an_hour_apart_share_and_clear(shared_redis, machines, tmp_path):
    hosts = []
    for shift in (0, 3_600_000, -3_600_000):
        clock = tmp_path / f"clock{shift}"
        clock.write_bytes(struct.pack("<q", shift))
        hosts.append(machines.make(shared_redis.url, variables={"MEMOD_TEST_CLOCK": clock}).start())
    for number, host in enumerate(hosts):
        for other in hosts:
            if other is not host:
                shared(host, other, [number, other.name], "v")
        host.put(number, "v", ttl_ms=60_000)
        for other in hosts:
            reply = wait_until(lambda other=other, number=number: asked(other, number))
            assert 40_000 < reply["ttl_ms"] <= 60_000
    for clearing in hosts:
        for host in hosts:
            host.put("k", "before")
        assert clearing.clear() == "done"
        for host in hosts:
            wait_until(lambda host=host: host.get("k", remote=False) is None, 2)
        shared(clearing, hosts[0], ["after", clearing.name], "v")


def asked(host, key):
    reply = host("get", fn="f", key=key, meta=True)
    return reply if reply["hit"] else None
