"""Real networks: a host behind a link of its own that is cut, and IPv6."""

import os
import shutil
import socket
import subprocess
import time

import pytest
from redis_cluster import Cluster, free_ports
from redis_server import Redis, wait_until
from test_faults import Clients
from test_rules import shared


class Network:
    """A network namespace with one link to ours, which can be cut."""

    here, there = "10.213.77.1", "10.213.77.2"

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], stdin=subprocess.DEVNULL)
        pid = self.holder.pid
        own = os.readlink("/proc/self/ns/net")
        wait_until(lambda: self.holder.poll() is not None or os.readlink(f"/proc/{pid}/ns/net") != own)
        self.inside = ["nsenter", "--target", str(pid), "--net"]
        self.link = f"memod{pid}"[:15]
        self.run("ip", "link", "add", self.link, "type", "veth", "peer", "name", "away", "netns", str(pid))
        self.run("ip", "address", "add", f"{self.here}/30", "dev", self.link)
        self.run("ip", "link", "set", self.link, "up")
        self.run(*self.inside, "ip", "address", "add", f"{self.there}/30", "dev", "away")
        self.run(*self.inside, "ip", "link", "set", "away", "up")

    def run(self, *command, text=None):
        subprocess.run(command, input=text, check=True, capture_output=True, text=True)

    def cut(self, *ways):
        chains = "".join(f"chain {way} {{ type filter hook {way} priority 0; policy drop; }}\n" for way in ways)
        self.run(*self.inside, "nft", "-f", "-", text=f"table inet cut {{\n{chains}}}\n")

    def mend(self):
        self.run(*self.inside, "nft", "delete", "table", "inet", "cut")

    def end(self):
        # The link ends with the namespace, whose last process this is.
        self.holder.kill()
        self.holder.wait()


@pytest.fixture
def network():
    if os.geteuid() != 0:
        pytest.skip("only root can make networks")
    for program in ("ip", "nft", "nsenter", "unshare"):
        if not shutil.which(program):
            pytest.skip(f"there is no {program}")
    made = None
    try:
        made = Network()
        made.cut("input")
        made.mend()
    except (subprocess.CalledProcessError, OSError, AssertionError) as error:
        if made:
            made.end()
        pytest.skip(f"networks cannot be made here: {getattr(error, 'stderr', '') or error}")
    yield made
    made.end()


@pytest.mark.parametrize("ways", [("input",), ("output",), ("input", "output")], ids="+".join)
def test_a_link_that_is_cut_costs_no_request_and_when_it_is_mended_nothing_is_outdated(scratch, network, machines, ways):
    (port,) = free_ports(1)
    redis = Redis(
        scratch / f"cut-{'-'.join(ways)}", "--port", port, "--bind", network.here, "--protected-mode", "no"
    ).start()  # fmt: skip
    try:
        a = machines.make(redis.url).start()
        b = machines.make(f"redis://{network.here}:{port}")
        b.prefix = network.inside
        b.start()
        for key in range(10):
            shared(a, b, key, "old", fn="g")
        load = Clients(b, 4, 7)
        network.cut(*ways)
        assert a.delete(1, fn="g") == "done" and a.clear("g") == "done"
        a.put(2, "new", fn="g")
        b.wait_for("down")
        # Hosts do not hear each other, but their own deletes hold.
        assert b.get(0, fn="g") == "old"
        assert b("delete", fn="g", key=3)["remote"] == "queued" and b.get(3, fn="g") is None
        network.mend()
        mended = time.monotonic()
        b.wait_for("up", 15)
        assert time.monotonic() - mended < 10
        assert b.get(2, fn="g") in (None, "new")
        assert all(b.get(key, fn="g") is None for key in (0, 1, 3, 4, 5, 6, 7, 8, 9))
        wait_until(lambda: b.remote["pending_clears"] == 0)
        assert load.stop() > 50
        wait_until(lambda: (a.put("after", "v", fn="g"), b.get("after", fn="g"))[1] == "v")
    finally:
        b.stop()
        redis.stop()


@pytest.fixture
def ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return probe.getsockname()[1]
    except OSError:
        pytest.skip("there is no IPv6 here")


def test_a_server_with_an_ipv6_address_is_reached(scratch, ipv6, machines):
    redis = Redis(scratch / "ipv6", "--port", ipv6, "--bind", "::1").start()
    try:
        a, b = machines.two(f"redis://[::1]:{ipv6}")
        shared(a, b, 1, "v")
        assert b.remote["nodes"][0]["address"] == f"[::1]:{ipv6}"
        assert a.clear() == "done"
        wait_until(lambda: b.get(1) is None, seconds=1, what="the clear is heard")
    finally:
        redis.stop()


def test_a_cluster_with_ipv6_addresses_is_reached_and_a_slot_that_moves_is_followed(scratch, ipv6, machines):
    cluster = Cluster(scratch / "ipv6-cluster", replicas=0, address="::1")
    try:
        cluster.start()
        a, b = machines.two(cluster.url)
        for key in range(40):
            a.put(key, key)
        wait_until(lambda: a.remote["puts"] == 40)
        source, target = cluster.nodes[0], cluster.nodes[1]
        names = [n for n in source("KEYS", f"memod:v1:{machines.namespace}:*") if n.endswith(b":v")]
        assert names
        for name in names:
            cluster.migrate(source("CLUSTER", "KEYSLOT", name), source, target)
        found = b("mget", fn="f", keys=list(range(40)))["results"]
        assert [entry.get("value") for entry in found] == list(range(40))
    finally:
        cluster.stop()
