"""Random programs over several machines with real daemons, helpers and a Redis that is spoilt meanwhile.

Each result is the time at which its computation began. On one machine nothing of before its own clear or delete is ever seen;
once all is quiet, nothing of before anybody's clear or delete that was acknowledged is left on any. MEMOD_TEST_SEED repeats a
run, MEMOD_TEST_STEPS makes it longer."""

import os
import random
import signal

import pytest
from redis_server import wait_until

FUNCTIONS = ["f", "g"]
KEYS = [0, 1, 2]
STEPS = int(os.environ.get("MEMOD_TEST_STEPS", "250"))
SEEDS = [int(os.environ["MEMOD_TEST_SEED"])] if "MEMOD_TEST_SEED" in os.environ else [1, 2, 3]


class World:
    def __init__(self, seed, hosts, redis):
        self.random = random.Random(seed)
        self.hosts = hosts
        self.redis = redis
        self.now = 0
        #: What was cleared (key None) or deleted, when, by whom, and whether the others had it when it was answered.
        self.ends = []
        self.leases = {}
        self.is_hung = False

    def check(self, host, fn, key, value):
        for at, by, f, k, _ in self.ends:
            if by is host and f == fn and k in (None, key):
                assert value > at, f"{host.name}: {fn} {key} of {value} after its own clear at {at}"

    def get(self, host, fn, key):
        self.now += 1
        reply = host("get", fn=fn, key=key, lease_ms=60000)
        if reply["hit"]:
            self.check(host, fn, key, reply["value"])
        elif "lease" in reply:
            self.leases[host, fn, key] = (reply["lease"], self.now)

    def put(self, host):
        mine = [place for place in self.leases if place[0] is host]
        if mine:
            place = self.random.choice(mine)
            lease, began = self.leases.pop(place)
            host("put", fn=place[1], key=place[2], value=began, lease=lease)
        else:
            self.now += 1
            host("put", fn=self.random.choice(FUNCTIONS), key=self.random.choice(KEYS), value=self.now)

    def end(self, host, fn, key=None):
        self.now += 1
        wait = self.random.choice([None, 0, 300])
        fields = {} if wait is None else {"wait_remote_ms": wait}
        if key is None:
            reply = host("clear", fn=fn, **fields)
        else:
            reply = host("delete", fn=fn, key=key, **fields)
        self.now += 1
        self.ends.append((self.now, host, fn, key, reply["remote"]))

    def evict(self, host, fn):
        host("define", fn=fn, maxsize=0)
        host("define", fn=fn, maxsize=None)

    def hang(self, on):
        if on != self.is_hung:
            self.redis.signal(signal.SIGSTOP if on else signal.SIGCONT)
            self.is_hung = on

    def fault(self, host):
        self.spoil(self.random.choice(["helper", "crash", "restart", "flush", "scripts", "hang", "redis", "clients"]), host)

    def spoil(self, kind, host):
        if kind == "helper" and host.helper:
            os.kill(host.helper, signal.SIGKILL)
        elif kind in ("crash", "restart"):
            for place in [p for p in self.leases if p[0] is host]:
                del self.leases[place]
            host.kill() if kind == "crash" else host.stop()
            host.start(is_up=False)
        elif kind == "hang":
            self.hang(not self.is_hung)
        elif not self.is_hung:
            if kind == "redis":
                self.redis.kill()
                self.redis.start()
            elif kind == "flush":
                self.redis("FLUSHALL")
            elif kind == "scripts":
                self.redis("SCRIPT", "FLUSH")
            else:
                self.redis("CLIENT", "KILL", "TYPE", "normal")

    def step(self):
        host, fn, key = self.random.choice(self.hosts), self.random.choice(FUNCTIONS), self.random.choice(KEYS)
        dice = self.random.random()
        if dice < 0.45:
            self.get(host, fn, key)
        elif dice < 0.70:
            self.put(host)
        elif dice < 0.80:
            self.evict(host, fn)
        elif dice < 0.88:
            self.end(host, fn)
        elif dice < 0.96:
            self.end(host, fn, key)
        else:
            self.fault(host)

    def quiet(self):
        self.hang(False)
        for _ in range(2):
            for host in self.hosts:
                host.wait_for("up", 30)
                wait_until(lambda host=host: host.remote["pending_clears"] == 0, 20, f"{host.name} has told all")
        # A clear reaches the others within a second.
        marks = {}
        for host in self.hosts:
            marks[host] = f"mark-{self.now}-{host.name}"
            host("put", fn="mark", key=marks[host], value=1)
        wait_until(lambda: all(h("delete", fn="mark", key=m, wait_remote_ms=1000) for h, m in marks.items()))
        wait_until(lambda: all(self.is_settled(host) for host in self.hosts), 10, "all is heard")

    def is_settled(self, host):
        """Whether nothing of before is here; raises the last findings if that stays so."""
        for fn in FUNCTIONS:
            for key in KEYS:
                reply = host("get", fn=fn, key=key)
                if reply["hit"] and any(
                    reply["value"] <= at for at, _, f, k, _ in self.ends if f == fn and k in (None, key)
                ):
                    return False
        return True


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_of_before_a_clear_or_delete_is_left(seed, redis, machines):
    hosts = [machines.make(redis.url, "--remote-budget", "60ms").start() for _ in range(3)]
    world = World(seed, hosts, redis)
    print(f"seed {seed}")
    for step in range(STEPS):
        world.step()
        if step % 125 == 124:
            world.quiet()
    assert sum(host.remote["hits"] for host in hosts) >= 0
