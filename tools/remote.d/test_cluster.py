"""A Redis Cluster: keys find their node wherever that goes, and nothing stale comes back with it."""

import contextlib
import itertools
import os
import signal
import subprocess
import threading
import time

import pytest
from hosts import HELPER, MEMOCTL, MEMOD, memoctl
from redis_cluster import Cluster, slot_of
from redis_server import HOME, ROOT, wait_until
from test_model import World

NUMBERS = itertools.count()
STEPS = int(os.environ.get("MEMOD_TEST_STEPS", "200"))
SEEDS = [int(os.environ["MEMOD_TEST_SEED"])] if "MEMOD_TEST_SEED" in os.environ else [11, 12]


@pytest.fixture
def cluster(scratch):
    made = Cluster(scratch / f"cluster{next(NUMBERS)}")
    try:
        yield made.start()
    finally:
        made.stop()


def home(cluster, machines):
    """The node with epochs and log."""
    return cluster.owner(f"memod:v1:{{{machines.namespace}}}:e")


def others(cluster, machines):
    first = home(cluster, machines)
    return [node for node in cluster.nodes if node.is_alive and node.role == "master" and node is not first]


def entries(cluster, machines):
    return {name: cluster.owner(name) for name in cluster.keys(f"memod:v1:{machines.namespace}:*:v")}


def fill(a, cluster, machines, count=60):
    for key in range(count):
        a.put(key, key)
    wait_until(lambda: len(cluster.keys(f"memod:v1:{machines.namespace}:*:v")) == count, what="all are there")


def hits(host, keys):
    return [r.get("value") for r in host("mget", fn="f", keys=list(keys))["results"] if r["hit"]]


class Load:
    """Requests on two hosts until it is ended: none may fail, and what is found is what was put."""

    def __init__(self, *hosts):
        self.hosts = hosts
        self.ends = threading.Event()
        self.count = 0
        self.error = None
        self.slowest = 0
        self.threads = [threading.Thread(target=self.run, args=(n, h)) for n, h in enumerate(hosts)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def run(self, number, host):
        try:
            connection = host.connect()
            round = 0
            while not self.ends.is_set():
                round += 1
                for key in range(20):
                    began = time.monotonic()
                    reply = connection("get", fn="load", key=[round, key], lease_ms=2000)
                    self.slowest = max(self.slowest, time.monotonic() - began)
                    if reply["hit"]:
                        assert reply["value"] == f"{round}.{key}", reply
                    else:
                        connection("put", fn="load", key=[round, key], value=f"{round}.{key}", lease=reply["lease"])
                    self.count += 1
                time.sleep(0.002)
            connection.close()
        except Exception as error:
            self.error = error

    def __exit__(self, *_):
        end = time.monotonic() + 20
        while self.count < 200 and self.error is None and time.monotonic() < end:
            time.sleep(0.01)
        self.ends.set()
        for thread in self.threads:
            thread.join()
        assert self.error is None, self.error
        assert self.count >= 200


def test_entries_spread_and_a_request_for_many_finds_them_all(cluster, machines):
    a, b = machines.two(cluster.url)
    fill(a, cluster, machines)
    assert len({node.port for node in entries(cluster, machines).values()}) == 3
    assert hits(b, range(60)) == list(range(60))
    nodes = b.remote["nodes"]
    assert [n["state"] for n in nodes] == ["up"] * 3
    assert nodes[0]["address"].endswith(f":{home(cluster, machines).port}")
    assert memoctl(b, "remote", "status").stdout.count(" up") == 3
    # Epochs and log are in one slot.
    assert a.clear() == "done"
    wait_until(lambda: not hits(b, range(60)), seconds=1)
    assert a.delete(1) == "done"


def test_r18_each_node_has_two_connections_and_the_log_one_more(cluster, machines):
    machines.make(cluster.url).start()
    first = home(cluster, machines)
    for node in cluster.nodes[: cluster.primaries]:
        clients = node("CLIENT", "LIST").decode().splitlines()
        ours = [c for c in clients if " resp=3 " in c or "addr=127.0.0.1" in c and "cmd=replconf" not in c]
        assert len(ours) == (3 if node is first else 2), clients


def test_a_slot_that_moves_under_load_costs_no_request(cluster, machines):
    a, b = machines.two(cluster.url)
    fill(a, cluster, machines, 20)
    with Load(a, b):
        for name, source in list(entries(cluster, machines).items())[:10]:
            cluster.migrate(slot_of(name), source, next(n for n in cluster.nodes[:3] if n is not source))
        # The one with epochs and log, too.
        place = f"memod:v1:{{{machines.namespace}}}:e"
        source = cluster.owner(place)
        cluster.migrate(slot_of(place), source, next(n for n in cluster.nodes[:3] if n is not source))
    for host in (a, b):
        host.wait_for("up")
    assert hits(b, range(20)) == list(range(20))
    assert a.clear() == "done"
    wait_until(lambda: not hits(b, range(20)), seconds=1)


def test_the_log_is_followed_to_where_it_moves_though_nobody_asks_for_anything(cluster, machines):
    a, b = machines.two(cluster.url)
    place = f"memod:v1:{{{machines.namespace}}}:e"
    a.put(1, "v")
    wait_until(lambda: b.get(1) == "v")
    source = cluster.owner(place)
    target = next(n for n in cluster.nodes[:3] if n is not source)
    cluster.migrate(slot_of(place), source, target)
    for host in (a, b):
        wait_until(
            lambda host=host: host.remote["state"] == "up" and host.remote["nodes"][0]["address"].endswith(f":{target.port}"),
            what="the log is followed",
        )
    assert a.clear() == "done"
    wait_until(lambda: b.get(1) is None, seconds=1)


def test_r15_what_a_node_has_that_hangs_are_the_only_misses_of_a_request_for_many(cluster, machines):
    a = machines.make(cluster.url).start()
    # What is not answered by then is a miss, long before the node is given up.
    b = machines.make(cluster.url, "--remote-budget", "500ms").start()
    fill(a, cluster, machines)
    victim = others(cluster, machines)[0]
    lost = sum(node is victim for node in entries(cluster, machines).values())
    victim.signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        found = hits(b, range(60))
        took = time.monotonic() - began
    finally:
        victim.signal(signal.SIGCONT)
    assert 0 < lost < 60 and len(found) == 60 - lost
    assert took < 0.9


def test_r17_the_topology_is_asked_for_at_most_twice_a_second(cluster, machines):
    a = machines.make(cluster.url).start()

    def asked():
        lines = [line for n in cluster.nodes if n.is_alive for line in n("INFO", "commandstats").decode().splitlines()]
        return sum(int(line.split("calls=")[1].split(",")[0]) for line in lines if line.startswith("cmdstat_cluster|slots"))

    victim = others(cluster, machines)[0]
    before, began = asked(), time.monotonic()
    own = 0
    victim.signal(signal.SIGSTOP)
    try:
        # Without its replica nobody takes its place: every request for its slots fails.
        cluster.replica_of(victim).kill()
        victim.kill()
        while time.monotonic() - began < 4:
            a("mget", fn="f", keys=[["x", own, n] for n in range(100)])
            own += 1
    finally:
        if victim.is_alive:
            victim.signal(signal.SIGCONT)
    assert own > 20
    assert 2 <= asked() - before <= 2 * (time.monotonic() - began) + 2


def test_a_node_that_is_gone_for_good_costs_its_keys_only(cluster, machines):
    a, b = machines.two(cluster.url)
    fill(a, cluster, machines)
    victim = others(cluster, machines)[0]
    lost = sum(node is victim for node in entries(cluster, machines).values())
    cluster.replica_of(victim).kill()
    victim.kill()
    wait_until(lambda: [n["state"] for n in b.remote["nodes"]].count("down") == 1, what="it is seen")
    assert b.remote["state"] == "up"
    assert len(hits(b, range(60))) == 60 - lost
    # What belongs there waits, and holds nothing else up.
    for key in range(100, 160):
        a.put(key, key)
    wait_until(lambda: len(hits(b, range(100, 160))) > 20, what="the others' are shared")
    wait_until(lambda: a.remote["puts_queued"] > 0)
    assert a.clear() == "done"
    wait_until(lambda: not hits(b, range(160)), seconds=1)


def test_r16_a_node_that_hangs_makes_only_its_own_keys_wait_and_not_for_long(cluster, machines):
    a = machines.make(cluster.url).start()
    b = machines.make(cluster.url, "--remote-budget", "100ms").start()
    fill(a, cluster, machines)
    b.get("another")
    victim = others(cluster, machines)[0]
    mine = sum(node is victim for node in entries(cluster, machines).values())
    victim.signal(signal.SIGSTOP)
    try:
        # One budget for all of them, and the other nodes' keys are hits.
        began = time.monotonic()
        assert len(hits(b, range(60))) == 60 - mine
        assert time.monotonic() - began < 1
        timeouts = b.remote["timeouts"]
        began = time.monotonic()
        for key in range(200):
            assert b.get(["m", key]) is None
        assert b.remote["timeouts"] - timeouts <= 3 and time.monotonic() - began < 5
    finally:
        victim.signal(signal.SIGCONT)


@pytest.mark.parametrize("which", ["home", "other"])
def test_a_primary_that_is_killed_under_load_is_replaced_and_nothing_stale_comes_back(cluster, machines, which):
    a, b = machines.two(cluster.url)
    fill(a, cluster, machines, 30)
    victim = home(cluster, machines) if which == "home" else others(cluster, machines)[0]
    with Load(a, b):
        assert a.delete(3) == "done" and b.delete(4) == "done"
        a.put("kept", "v", fn="g")
        victim.kill()
        began = time.monotonic()
        # Here everything works on.
        assert a.get(5) == 5 and a.get(3) is None
        cluster.wait()
        for host in (a, b):
            wait_until(lambda: all(n["state"] == "up" for n in host.remote["nodes"]), what="the promoted one is used")
            host.wait_for("up")
        print(f"{which}: {time.monotonic() - began:.1f} s")
    assert a.get(3) is None and b.get(3) is None and a.get(4) is None and b.get(4) is None
    assert a.clear() == "done"
    wait_until(lambda: not hits(b, range(30)), seconds=1)
    wait_until(lambda: (a.put(1, "new"), b.get(1))[1] == "new", what="it is shared again")


def cut_off(cluster, machines):
    """An entry that is not on the log's node, its node, and that one's replica, which hears nothing of what comes now."""
    place, victim = next((k, n) for k, n in entries(cluster, machines).items() if n is not home(cluster, machines))
    replica = cluster.replica_of(victim)
    replica.signal(signal.SIGSTOP)
    victim("CLIENT", "KILL", "TYPE", "replica")
    return place, victim, replica


def test_r11_a_delete_that_a_failover_loses_is_not_undone(cluster, machines):
    a, b = machines.two(cluster.url)
    fill(a, cluster, machines, 30)
    place, victim, replica = cut_off(cluster, machines)
    for key in range(30):
        assert a.delete(key) == "done"
    assert victim("GET", place).startswith(b"T")
    victim.kill()
    replica.signal(signal.SIGCONT)
    cluster.wait()
    assert replica("GET", place).startswith(b"V")
    for host in (a, b):
        wait_until(lambda: all(n["state"] == "up" for n in host.remote["nodes"]))
        host.wait_for("up")
    assert not hits(a, range(30))
    wait_until(lambda: a.remote["pending_clears"] == 0)
    time.sleep(0.2)
    assert not hits(b, range(30)) and not hits(a, range(30))


def test_r11_a_delete_that_a_failover_loses_is_not_undone_though_who_deleted_is_off(cluster, machines):
    a, b = machines.two(cluster.url)
    fill(a, cluster, machines, 30)
    assert hits(b, range(30)) == list(range(30))
    place, victim, replica = cut_off(cluster, machines)
    for key in range(30):
        assert a.delete(key) == "done"
    wait_until(lambda: not hits(b, range(30)), seconds=1, what="the deletes are heard")
    a.stop()
    victim.kill()
    replica.signal(signal.SIGCONT)
    cluster.wait()
    assert replica("GET", place).startswith(b"V")
    wait_until(lambda: all(n["state"] == "up" for n in b.remote["nodes"]))
    b.wait_for("up")
    assert not hits(b, range(30))
    wait_until(lambda: b.remote["pending_clears"] == 0)
    assert not hits(b, range(30))


def test_r11_a_node_without_the_log_that_is_emptied_is_noticed(cluster, machines):
    a, b = machines.two(cluster.url)
    fill(a, cluster, machines, 30)
    places = {k: n for k, n in entries(cluster, machines).items() if n is not home(cluster, machines)}
    place, victim = next(iter(places.items()))
    outdated = victim("GET", place)
    for key in range(30):
        assert a.delete(key) == "done"
    epoch = home(cluster, machines)("HGET", f"memod:v1:{{{machines.namespace}}}:e", "ff")
    victim("FLUSHALL")
    # A put from before the delete that was on its way: the tombstone would have refused it.
    victim("SET", place, outdated, "PX", 60000)
    wait_until(
        lambda: home(cluster, machines)("HGET", f"memod:v1:{{{machines.namespace}}}:e", "ff") != epoch,
        what="the function is cleared",
    )
    for host in (a, b):
        host.wait_for("up")
        wait_until(lambda host=host: host.remote["pending_clears"] == 0)
        assert not hits(host, range(30))


def test_without_full_coverage_a_cluster_says_so_and_harms_nobody(scratch, machines):
    cluster = Cluster(scratch / "covered", replicas=0, full_coverage=True).start()
    try:
        a, b = machines.two(cluster.url)
        fill(a, cluster, machines)
        victim = others(cluster, machines)[0]
        victim.kill()
        wait_until(lambda: b"cluster_state:fail" in home(cluster, machines)("CLUSTER", "INFO"), what="it is down")
        for key in range(50):
            b.put(["n", key], key)
            assert b.get(["n", key]) == key and b.get(["m", key]) is None
        assert b("clear", fn="f", wait_remote_ms=100)["remote"] == "queued"
        victim.start()
        wait_until(lambda: b.remote["pending_clears"] == 0, 20, "it is told later")
        b.wait_for("up", 20)
        a.wait_for("up", 20)
        wait_until(lambda: not hits(a, range(60)), seconds=1)
    finally:
        cluster.stop()


def test_a_url_that_is_not_of_a_cluster_is_told(shared_redis, machines, scratch):
    from redis_cluster import Node, free_ports

    node = Node(scratch / "single", free_ports(1)[0]).start()
    try:
        a = machines.make(f"redis+cluster://127.0.0.1:{node.port}").start(is_up=False)
        wait_until(lambda: "is no cluster; write redis://" in a.remote.get("reason", ""))
        assert a.log.count("is no cluster") == 1
    finally:
        node.stop()


class ClusterWorld(World):
    """The model's world, whose servers are a cluster."""

    def fault(self, host):
        cluster = self.redis
        kind = self.random.choice(["helper", "crash", "kill", "stop", "failover", "migrate", "flush", "scripts", "clients"])
        if kind in ("helper", "crash"):
            return super().spoil(kind, host)
        if kind in ("migrate", "flush", "scripts", "clients"):
            if self.stopped or self.down:
                return None
            self.settle()
        primaries = [n for n in cluster.nodes if n.is_alive and n.role == "master"]
        if not primaries:
            return None
        node = self.random.choice(primaries)
        if kind == "kill":
            node.kill()
            self.down.append(node)
        elif kind == "stop":
            node.signal(signal.SIGSTOP)
            self.stopped.append(node)
        elif kind == "failover":
            replicas = [n for n in cluster.nodes if n.is_alive and n.role == "slave"]
            if replicas and not self.stopped:
                elected = self.random.choice(replicas)
                with contextlib.suppress(RuntimeError):
                    elected("CLUSTER", "FAILOVER")
                    self.elected.append(elected)
        elif kind == "migrate":
            names = cluster.keys("memod:*")
            if names and len(primaries) == 3:
                name = self.random.choice(names)
                source = cluster.owner(name)
                if source:
                    cluster.migrate(slot_of(name), source, self.random.choice([p for p in primaries if p is not source]))
        elif kind == "flush":
            cluster.on_all("FLUSHALL")
        elif kind == "scripts":
            cluster.on_all("SCRIPT", "FLUSH")
        else:
            cluster.on_all("CLIENT", "KILL", "TYPE", "normal")
        return None

    def settle(self):
        """Until elections that were asked for are over (Redis gives one up after 5 s) and all nodes agree on their result."""
        end = time.monotonic() + 6
        while time.monotonic() < end and any(n.is_alive and n.role != "master" for n in self.elected):
            time.sleep(0.02)
        self.elected = []
        wait_until(self.redis.agreed, 20, "the nodes agree on who is a primary")

    def quiet(self):
        for node in self.stopped:
            node.signal(signal.SIGCONT)
        for node in self.down:
            node.start()
        self.stopped, self.down = [], []
        self.redis.wait()
        super().quiet()


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_of_before_a_clear_or_delete_is_left_in_a_cluster(seed, cluster, machines):
    hosts = [machines.make(cluster.url, "--remote-budget", "60ms").start() for _ in range(3)]
    world = ClusterWorld(seed, hosts, cluster)
    world.stopped, world.down, world.elected = [], [], []
    print(f"seed {seed}")
    try:
        for step in range(STEPS):
            world.step()
            if step % 50 == 49:
                world.quiet()
    finally:
        for node in world.stopped:
            node.signal(signal.SIGCONT)


def test_the_demonstration_runs_to_its_end_and_leaves_nothing():
    command = ROOT / "tools/cluster"
    told = {"MEMOD_BIN": MEMOD, "MEMOCTL_BIN": MEMOCTL, "MEMOD_REMOTE_BIN": HELPER, "REDIS_HOME": str(HOME)}
    helped = subprocess.run([command, "--help"], capture_output=True, text=True)
    assert helped.returncode == 0 and helped.stdout.startswith("usage: tools/cluster")
    shown = subprocess.run(
        [command], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, env={**os.environ, **told}
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "two computed 0" in shown.stdout and shown.stdout.endswith("all ended\n")
    folder = next(line for line in shown.stdout.splitlines() if line.startswith("one: ")).split()[1].rsplit("/", 2)[0]
    assert not os.path.exists(folder)
    assert subprocess.run(["pgrep", "-f", folder], capture_output=True).returncode == 1
