"""What is shared with other machines: two daemons, each with its helper, and a Redis."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench import Bench
from clients import CLIENT
from generator import PATIENCE_SECONDS, Load
from results import Ratio, Result
from servers import BenchError, Memod, Redis, Server

WORKER = Path(__file__).parent / "remote_worker.py"
#: What may wait to be written there.
AT_ONCE = 5000
KEYS_AT_ONCE = 1024
CLIENTS = 50


class Host:
    """A daemon that shares, and a connection to it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(server.socket))
        self.file = self.socket.makefile("rb")

    def __call__(self, op: str, **fields: Any) -> dict[str, Any]:
        self.socket.sendall(json.dumps({"op": op, **fields}).encode() + b"\n")
        reply: dict[str, Any] = json.loads(self.file.readline())
        if not reply.get("ok"):
            raise BenchError(f"{op}: {reply}")
        return reply

    @property
    def remote(self) -> dict[str, Any]:
        remote: dict[str, Any] = self("stats")["remote"]
        return remote

    def wait_until_up(self) -> None:
        wait_until(lambda: self.remote["state"] == "up", f"it is not up: {self.remote}")

    @property
    def helper(self) -> int:
        """The helper's process."""
        for task in Path(f"/proc/{self.server.pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                if "memod-remote" in Path(f"/proc/{child}/cmdline").read_text():
                    return int(child)
        raise BenchError("there is no helper")


class Fleet:
    """Two hosts and their Redis; entries are put at the first one."""

    def __init__(self, bench: Bench, *options: str) -> None:
        self.bench = bench
        if not (redis := bench.start(Redis)):
            raise BenchError("there is no redis-server, which results are shared through")
        self.redis = redis
        self.options = ("--remote-url", f"redis+unix://{redis.socket}", "--remote-functions", "*", *options)
        self.first, self.second = self.host(), self.host()
        self.next = 0
        # The function is known to all from its first result on.
        self.first("put", fn="bench", key="first", value=1)
        wait_until(lambda: self.first.remote["puts"] == 1, "nothing is shared")

    def host(self, *options: str) -> Host:
        server = self.bench.start(Memod, *self.options, *options)
        if server is None:
            raise BenchError("there is no memod")
        host = Host(server)
        host.wait_until_up()
        return host

    def put(self, count: int) -> int:
        """Puts new keys, and has them shared and on the Redis as they are for its own clients.
        - Returns: the first one's number."""
        began = self.next
        self.next += count
        for start in range(began, began + count, AT_ONCE):
            part = min(AT_ONCE, began + count - start)
            load = Load("put", 8, 16, keys=part, first=start, order="sequential", requests=part, warm_up=0)
            before = self.first.remote["puts"]
            self.bench.load(self.first.server, load)
            self.bench.load(self.redis, load)
            wait_until(lambda before=before, part=part: self.first.remote["puts"] - before >= part, "puts take too long")
        return began

    def worker(self, *arguments: object) -> dict[str, Any]:
        """Has another program ask the second host."""
        python = os.environ.get("BENCH_PYTHON", "")
        environment = {
            **os.environ,
            "MEMOD_SOCKET": str(self.second.server.socket),
            "REDIS_SOCKET": str(self.redis.socket),
            "PYTHONPATH": str(CLIENT),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [python if Path(python).is_file() else sys.executable, str(WORKER), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, env=environment)
        if done.returncode:
            raise BenchError(f"{arguments}: {done.stderr.strip()[-500:]}; {self.second.remote}")
        figures: dict[str, Any] = json.loads(done.stdout)
        return figures


def wait_until(condition: Any, what: str, seconds: float = 60) -> float:
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise BenchError(what)
        time.sleep(0.002)
    return time.monotonic() - began


def fleet(bench: Bench, *options: str) -> Fleet:
    bench.end_fleets()
    return Fleet(bench, *options)


#: What is measured are hits: a machine that stands still for a moment makes none of them a miss.
PATIENT = ("--remote-budget", "1s")


def compared(bench: Bench, result: Result, action: str, count: int, keys: int) -> None:
    hosts = fleet(bench, *PATIENT)
    for number in range(bench.scale.rounds):
        bench.progress.step(f"asking, {number + 1} of {bench.scale.rounds}")
        first = hosts.put(keys)
        for name, figures in hosts.worker(action, first, count).items():
            result.of(name).add(figures)


def hit_1(bench: Bench) -> Result:
    count = min(bench.scale.client_calls, 3000)
    result = Result("remote-hit-1", "hit of another machine's: one client in Python, each key once")
    compared(bench, result, "get", count, count)
    result.compare("p50_us", "redis-py", 1.5)
    return result


def mget(bench: Bench) -> Result:
    result = Result("remote-mget", f"mget of {KEYS_AT_ONCE:,} of another machine's, a client in Python")
    compared(bench, result, "mget", 5, 5 * KEYS_AT_ONCE)
    values = [time / 10_000 for time in result.of("memod").rounds["p50_us"]]
    result.ratios.append(Ratio("p50 / 10 ms", values, 1.0, is_upper=True))
    result.compare("p50_us", "redis-py")
    return result


def redis_benchmark(server: Server, requests: int) -> dict[str, float] | None:
    """What Redis' own generator says of its GET."""
    program = shutil.which("redis-benchmark")
    if program is None:
        return None
    command = [program, "-s", str(server.socket), "-t", "get", "-c", str(CLIENTS), "-n", str(requests)]
    done = subprocess.run([*command, "-d", "64", "--csv"], capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    if done.returncode:
        raise BenchError(f"redis-benchmark: {done.stderr.strip()[-300:]}")
    row = done.stdout.strip().splitlines()[-1].replace('"', "").split(",")
    return {"throughput": float(row[1])}


def hit_50(bench: Bench) -> Result:
    count = 4 * bench.scale.client_calls
    result = Result("remote-hit-50", f"hits of another machine's: {CLIENTS} connections, each key once")
    hosts = fleet(bench, *PATIENT)
    for number in range(bench.scale.rounds):
        first = hosts.put(count)
        before = hosts.second.remote["hits"]
        load = Load(
            connections=CLIENTS, keys=count, first=first, order="sequential", requests=count, warm_up=0, seconds=60
        )
        bench.progress.step(f"asking, {number + 1} of {bench.scale.rounds}")
        result.of("memod").add(bench.generator.run(hosts.second.server, load).as_dict())
        if hosts.second.remote["hits"] - before < count:
            raise BenchError(f"not all came from the other machine: {hosts.second.remote}")
        if (figures := redis_benchmark(hosts.redis, 5 * count)) is not None:
            result.of("redis-benchmark").add(figures)
    result.compare("throughput", "redis-benchmark", 0.6)
    return result


def local(bench: Bench) -> Result:
    result = Result("remote-local", "local hit, 50 connections, with sharing off, on, its server hung, and gone")
    hosts = fleet(bench)
    off = bench.start(Memod)
    if off is None:
        raise BenchError("there is no memod")
    hung, gone = fleet_of_one(bench), fleet_of_one(bench)
    load = Load(connections=CLIENTS, keys=5000)
    servers = {"off": off, "on": hosts.first.server, "hung": hung[1].server, "gone": gone[1].server}
    for server in servers.values():
        bench.load(server, Load("put", 8, 16, keys=5000, order="sequential", requests=5000, warm_up=0))
    os.kill(hung[0].pid, signal.SIGSTOP)
    gone[0].stop()
    bench.mixed_rounds(result, [(f"memod, {name}", server, load) for name, server in servers.items()])
    os.kill(hung[0].pid, signal.SIGCONT)
    for name in ("on", "hung", "gone"):
        result.compare("throughput", "memod, off", 0.9, own=f"memod, {name}")
        result.compare("cpu_us", "memod, off", 1.1, own=f"memod, {name}")
    return result


def fleet_of_one(bench: Bench) -> tuple[Server, Host]:
    redis = bench.start(Redis)
    server = redis and bench.start(
        Memod, "--remote-url", f"redis+unix://{redis.socket}", "--remote-functions", "*"
    )
    if redis is None or server is None:
        raise BenchError("there is no Redis or memod")
    host = Host(server)
    host.wait_until_up()
    return redis, host


def stopped(bench: Bench) -> Result:
    result = Result("remote-stopped", f"local miss while the server is stopped, {CLIENTS} clients at once and then one")
    hosts = fleet(bench)
    hosts.second("get", fn="bench", key="known")
    first: list[float] = []
    rest: list[float] = []
    recovery: list[float] = []
    for number in range(bench.scale.rounds):
        bench.progress.step(f"stopping, {number + 1} of {bench.scale.rounds}")
        os.kill(hosts.redis.pid, signal.SIGSTOP)
        figures = hosts.worker("missing", number * 100_000, 2000, CLIENTS)
        # Gone for so long that its connections are given up.
        wait_until(lambda: hosts.second.remote["state"] == "down", "it is not noticed")
        os.kill(hosts.redis.pid, signal.SIGCONT)
        recovery.append(wait_until(lambda: hosts.second.remote["state"] == "up", "it does not come back"))
        first.append(figures["first_ms"])
        rest.append(figures["rest_p99_ms"])
        result.notes.append(f"round {number + 1}: {figures['paid']} of {CLIENTS + 2000} look-ups took more than 5 ms")
        result.of("memod").add({"p99_us": rest[-1] * 1000, "seconds": recovery[-1]})
    # What Python takes to start 50 threads is in the first one.
    result.ratios.append(Ratio("slowest first miss / 25 ms", [ms / 25 for ms in first], 1.4, is_upper=True))
    result.ratios.append(Ratio("p99 of those after it / 1 ms", rest, 1.0, is_upper=True))
    result.ratios.append(Ratio("back after it is there / 2.5 s", [s / 2.5 for s in recovery], 1.0, is_upper=True))
    return result


def clear(bench: Bench) -> Result:
    result = Result("remote-clear", "a clear on one machine, until another one has dropped its copy")
    hosts = fleet(bench)
    for number in range(bench.scale.rounds):
        bench.progress.step(f"clearing, {number + 1} of {bench.scale.rounds}")
        times = []
        for _ in range(100):
            hosts.second("put", fn="bench", key="copy", value=1)
            began = time.perf_counter()
            hosts.first("clear", fn="bench")
            while hosts.second("get", fn="bench", key="copy", remote=False)["hit"]:
                if time.perf_counter() - began > 5:
                    raise BenchError(f"it is not heard: {hosts.first.remote}, {hosts.second.remote}")
            times.append(time.perf_counter() - began)
        times.sort()
        result.of("memod").add({"p50_us": median(times) * 1e6, "p99_us": times[98] * 1e6})
    values = [time / 20_000 for time in result.of("memod").rounds["p99_us"]]
    result.ratios.append(Ratio("p99 / 20 ms", values, 1.0, is_upper=True))
    return result


def idle(bench: Bench) -> Result:
    result = Result("remote-idle", "the helper, with nothing to do")
    host = fleet_of_one(bench)[1]
    helper = host.helper
    seconds = max(3.0, 3 * bench.scale.seconds)
    time.sleep(2)
    wakes: list[float] = []
    memory: list[float] = []
    for number in range(min(3, bench.scale.rounds)):
        bench.progress.step(f"watching, {number + 1}")
        before = switches(helper)
        time.sleep(seconds)
        wakes.append((switches(helper) - before) / seconds)
        memory.append(resident(helper))
        result.of("memod-remote").add({"memory": memory[-1]})
    result.ratios.append(Ratio("resident memory / 20 MiB", [m / (20 << 20) for m in memory], 1.0, is_upper=True))
    result.ratios.append(Ratio("wake-ups in a second", wakes, 1.0, is_upper=True))
    return result


def switches(process: int) -> int:
    total = 0
    for task in Path(f"/proc/{process}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                total += int(line.split()[1])
    return total


def resident(process: int) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    return 0
