"""What tools/cluster shows."""

import contextlib
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from hosts import Host, memoctl
from redis_cluster import Cluster
from redis_server import wait_until

NAMESPACE = "demonstration"
KEYS = range(300)


def say(text):
    print(f"\n== {text}", flush=True)


def work(host, keys, wait_ms=5000):
    """Looks each key up, and computes what is missing. Returns how many were computed."""
    computed = 0
    for key in keys:
        reply = host("get", fn="square", key=key, lease_ms=5000, wait_ms=wait_ms)
        if reply["hit"]:
            assert reply["value"] == key * key, reply
        else:
            computed += 1
            host("put", fn="square", key=key, value=key * key, cost_ms=50, lease=reply.get("lease"))
    return computed


def table(hosts):
    print(f"{'':8}{'state':12}{'hits':>6}{'misses':>8}{'of others':>11}{'puts':>6}{'timeouts':>10}{'errors':>8}  nodes up")
    for host in hosts:
        info, remote = host("info", fn="square"), host.remote
        nodes = [node["state"] for node in remote["nodes"]]
        print(
            f"{host.name:8}{remote['state']:12}{info['hits']:6}{info['misses']:8}{info['remote_hits']:11}{remote['puts']:6}"
            f"{remote['timeouts']:10}{remote['errors']:8}  {nodes.count('up')} of {len(nodes)}"
        )


def show(folder, stack):
    say("a Redis Cluster: three nodes, a replica each")
    cluster = Cluster(folder / "redis")
    stack.callback(cluster.stop)
    cluster.start()
    print(cluster.url)

    say("three memods, each with its memod-remote")
    hosts = []
    for name in ("one", "two", "three"):
        host = Host(folder, name, cluster.url, NAMESPACE, "--remote-budget", "100ms")
        stack.callback(host.stop)
        hosts.append(host.start())
        print(f"{name}: {host.socket}")
    one, two, three = hosts

    say(f"{len(KEYS)} results: one computes, the others have them from there")
    print(f"one computed {work(one, KEYS)}")
    wait_until(lambda: one.remote["puts"] >= len(KEYS), what="all are written behind")
    for host in (two, three):
        began = time.monotonic()
        computed = work(host, KEYS)
        print(f"{host.name} computed {computed}, in {time.monotonic() - began:.2f} s")
        assert computed < len(KEYS) / 10, computed
    table(hosts)

    say("a node is killed while all three work")
    home = cluster.owner(f"memod:v1:{{{NAMESPACE}}}:e")
    victim = next(node for node in cluster.nodes if node.role == "master" and node is not home)
    victim.kill()
    print(f"killed 127.0.0.1:{victim.port}")
    began, requests, round = time.monotonic(), 0, 0
    while not all(len(h.remote["nodes"]) == 3 and {n["state"] for n in h.remote["nodes"]} == {"up"} for h in hosts) or not round:
        round += 1
        for host in hosts:
            keys = [1000 * round + n for n in range(20)]
            work(host, keys, wait_ms=0)
            requests += 2 * len(keys)
        assert time.monotonic() - began < 30, "no other node took its place"
    print(f"{requests} requests, none failed; its replica is used {time.monotonic() - began:.1f} s later")
    for host in hosts:
        host.wait_for("up")
    table(hosts)

    say("a clear on two, as the others hear it")
    one("put", fn="square", key="kept", value=1)
    began = time.monotonic()
    reply = two("clear", fn="square", wait_remote_ms=2000)
    answered = time.monotonic()
    assert reply["remote"] == "done", reply
    for host in (one, three):
        wait_until(lambda host=host: not host("get", fn="square", key=1)["hit"], 1, f"{host.name} hears it")
    print(f"answered after {(answered - began) * 1000:.1f} ms, gone everywhere {(time.monotonic() - answered) * 1000:.1f} ms later")

    say("memoctl remote status, on three")
    shown = memoctl(three, "remote", "status")
    print(shown.stdout.rstrip())
    assert shown.returncode == 0, shown.stderr


def main():
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    folder = Path(tempfile.mkdtemp(prefix="memod-c."))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            show(folder, stack)
        except (AssertionError, RuntimeError, OSError, EOFError) as error:
            sys.exit(f"tools/cluster: {error}")
        except KeyboardInterrupt:
            sys.exit(130)
    print("\nall ended")


if __name__ == "__main__":
    main()
