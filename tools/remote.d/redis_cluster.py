"""A Redis Cluster and a master with sentinels, of the tests' own, on loopback."""

import contextlib
import os
import signal
import socket
import subprocess

from redis_server import HOME, Client, Redis, wait_until

#: After so many milliseconds of silence a node counts as dead.
NODE_TIMEOUT_MS = 1000


def free_ports(count, apart=0):
    """Ports that are free now, and those that are `apart` higher too."""
    found = []
    while len(found) < count:
        with contextlib.ExitStack() as held:
            first = held.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            if port + apart > 65535 or port in found:
                continue
            if apart:
                try:
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port + apart))
                except OSError:
                    continue
            found.append(port)
    return found


def slot_of(name):
    """The slot of a key, worked out bit by bit."""
    name = name.encode() if isinstance(name, str) else name
    start = name.find(b"{")
    if start >= 0:
        end = name.find(b"}", start + 1)
        if end > start + 1:
            name = name[start + 1 : end]
    crc = 0
    for byte in name:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc % 16384


class Node(Redis):
    def __init__(self, folder, port, *options, address="127.0.0.1", is_tls=False):
        ports = ("--tls-port", port) if is_tls else ("--port", port)
        super().__init__(folder, *ports, "--bind", address, *options)
        self.port = port
        self.is_stopped = False

    def signal(self, number):
        super().signal(number)
        self.is_stopped = number == signal.SIGSTOP

    @property
    def id(self):
        return self("CLUSTER", "MYID").decode()

    @property
    def is_alive(self):
        return self.process is not None and self.process.poll() is None and not self.is_stopped

    @property
    def role(self):
        return self("ROLE")[0].decode()


class Cluster:
    """Primaries with a replica each."""

    def __init__(
        self, folder, primaries=3, replicas=1, full_coverage=False, address="127.0.0.1", is_tls=False, options=()
    ):
        self.nodes = []
        self.address = address
        self.is_tls = is_tls
        self.primaries = primaries
        count = primaries * (1 + replicas)
        for port in free_ports(count, 10000):
            self.nodes.append(
                Node(
                    folder / str(port), port, "--cluster-enabled", "yes", "--cluster-node-timeout", NODE_TIMEOUT_MS,
                    "--cluster-require-full-coverage", "yes" if full_coverage else "no",
                    "--cluster-replica-validity-factor", 0, "--repl-diskless-sync-delay", 0,
                    *options, address=address, is_tls=is_tls,
                )
            )  # fmt: skip

    @property
    def url(self):
        host = f"[{self.address}]" if ":" in self.address else self.address
        nodes = ",".join(f"{host}:{node.port}" for node in self.nodes[: self.primaries])
        return f"{'rediss' if self.is_tls else 'redis'}+cluster://{nodes}"

    def start(self):
        for node in self.nodes:
            node.start()
        first, count = self.nodes[0], self.primaries
        for number, node in enumerate(self.nodes):
            node("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            if node is not first:
                node("CLUSTER", "MEET", self.address, first.port)
        for number, node in enumerate(self.nodes[:count]):
            begin, end = 16384 * number // count, 16384 * (number + 1) // count - 1
            node("CLUSTER", "ADDSLOTSRANGE", begin, end)
        wait_until(lambda: all(self.known(node) == len(self.nodes) for node in self.nodes), 20, "all nodes have met")
        for number, node in enumerate(self.nodes[count:]):
            node("CLUSTER", "REPLICATE", self.nodes[number % count].id)
        self.wait()
        return self

    @staticmethod
    def known(node):
        info = node("CLUSTER", "INFO").decode()
        return int(info.split("cluster_known_nodes:")[1].split()[0])

    def wait(self, seconds=20):
        """Until every node says that all is well, and each replica follows."""
        alive = [node for node in self.nodes if node.is_alive]
        wait_until(lambda: all(b"cluster_state:ok" in n("CLUSTER", "INFO") for n in alive), seconds, "the cluster is ok")
        wait_until(
            lambda: all(b"master_link_status:down" not in n("INFO", "replication") for n in alive), seconds, "replicas follow"
        )

    def owner(self, name):
        """The node that has a key, as the nodes say themselves."""
        slot = slot_of(name)
        for node in self.nodes:
            if node.is_alive and node.role == "master":
                for begin, end, primary, *_ in node("CLUSTER", "SLOTS"):
                    if begin <= slot <= end and primary[2].decode() == node.id:
                        return node
        return None

    def replica_of(self, primary):
        return next(
            n for n in self.nodes if n.is_alive and n is not primary and f"master_port:{primary.port}".encode() in n("INFO")
        )

    def on_all(self, *words):
        for node in self.nodes:
            if node.is_alive and node.role == "master":
                node(*words)

    def keys(self, pattern):
        return [k for n in self.nodes if n.is_alive and n.role == "master" for k in n("KEYS", pattern)]

    def agreed(self):
        """Whether all nodes that live say the same of who is a primary: after a failover they take a moment."""
        views = set()
        for node in self.nodes:
            if node.is_alive:
                lines = node("CLUSTER", "NODES").decode().splitlines()
                views.add(frozenset((line.split()[0], "master" in line.split()[2]) for line in lines))
        return len(views) == 1

    def migrate(self, slot, source, target):
        """Moves a slot as redis-cli does, key by key. All nodes must agree on both being primaries, or one refuses."""
        wait_until(self.agreed, 20, "the nodes agree on who is a primary")
        target("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        source("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)
        while names := source("CLUSTER", "GETKEYSINSLOT", slot, 100):
            source("MIGRATE", self.address, target.port, "", 0, 5000, "KEYS", *names)
        for node in (target, source):
            node("CLUSTER", "SETSLOT", slot, "NODE", target.id)

    def stop(self):
        for node in self.nodes:
            node.stop()


class Sentinels:
    """A master, a replica, and three that watch them."""

    name = "main"

    def __init__(self, folder):
        self.folder = folder
        master, replica, *self.ports = free_ports(5)
        self.master = Node(folder / "one", master)
        self.replica = Node(folder / "two", replica, "--replicaof", "127.0.0.1", master, "--repl-diskless-sync-delay", 0)
        self.processes = []

    @property
    def url(self):
        return "redis+sentinel://" + ",".join(f"127.0.0.1:{port}" for port in self.ports) + f"/{self.name}"

    def start(self):
        self.master.start()
        self.replica.start()
        wait_until(lambda: b"master_link_status:up" in self.replica("INFO", "replication"), what="the replica follows")
        for port in self.ports:
            file = self.folder / f"sentinel{port}.conf"
            file.write_text(
                f"port {port}\nbind 127.0.0.1\ndir {self.folder}\nunixsocket {self.folder}/s{port}.sock\n"
                f"sentinel monitor {self.name} 127.0.0.1 {self.master.port} 2\n"
                f"sentinel down-after-milliseconds {self.name} {NODE_TIMEOUT_MS}\n"
                f"sentinel failover-timeout {self.name} 1000\n"
            )
            self.processes.append(
                subprocess.Popen(
                    [HOME / "bin/redis-sentinel", file], stdin=subprocess.DEVNULL,
                    stdout=open(self.folder / f"sentinel{port}.log", "ab"), stderr=subprocess.STDOUT,
                )  # fmt: skip
            )
        wait_until(lambda: all(self.sees(port) for port in self.ports), 20, "the sentinels know each other")
        return self

    def ask(self, port, *words):
        client = Client(self.folder / f"s{port}.sock")
        try:
            return client(*words)
        finally:
            client.close()

    def sees(self, port):
        try:
            reply = self.ask(port, "SENTINEL", "MASTER", self.name)
        except (OSError, RuntimeError):
            return False
        facts = dict(zip(reply[::2], reply[1::2]))
        return facts[b"num-other-sentinels"] == b"2" and facts[b"num-slaves"] == b"1"

    def stop(self):
        for process in self.processes:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGCONT)
                process.terminate()
                process.wait()
        self.master.stop()
        self.replica.stop()
