"""The Python client beside what programs use in its place."""

import json
import os
import subprocess
import sys
from pathlib import Path

from bench import Bench
from cold import has_module
from generator import PATIENCE_SECONDS
from results import Result
from servers import BenchError, Memod, Redis, Server

WORKER = Path(__file__).parent / "client_worker.py"
CLIENT = Path(__file__).parents[1] / "python"
MODULES = {"diskcache": "diskcache", "joblib": "joblib", "redis-py": "redis"}


def worker(bench: Bench, server: Server, redis: Server | None, *arguments: str) -> str:
    """Runs a program against the servers; returns what it prints."""
    python = os.environ.get("BENCH_PYTHON", "")
    environment = {
        **os.environ,
        "BENCH_DIRECTORY": str(bench.scratch),
        "MEMOD_SOCKET": str(server.socket),
        "REDIS_SOCKET": str(redis.socket) if redis else "",
        "PYTHONPATH": str(CLIENT),
        "PYTHONDONTWRITEBYTECODE": "1",
        # A busy machine is no reason to do without the daemon.
        "MEMOD_TIMEOUT": "30s",
    }
    done = subprocess.run(
        [python if Path(python).is_file() else sys.executable, str(WORKER), *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        env=environment,
    )
    if done.returncode:
        raise BenchError(f"{' '.join(arguments)}: {done.stderr.strip()[-500:]}")
    return done.stdout.strip()


def started(bench: Bench) -> Server:
    bench.end_fleets()
    server = bench.start(Memod)
    if server is None:
        raise BenchError("there is no memod")
    return server


def python_process(bench: Bench) -> Result:
    result = Result("python-process", "Python: hit within the process")
    server = started(bench)
    for number in range(bench.scale.rounds):
        bench.progress.step(f"calling, {number + 1} of {bench.scale.rounds}")
        for name, time in json.loads(worker(bench, server, None, "process")).items():
            result.of(name).add({"hit_ns": time})
    result.compare("hit_ns", "functools", 1.1)
    result.notes.append(worker(bench, server, None, "versions").split(",")[0] + ".")
    bench.end(server)
    return result


def python_daemon(bench: Bench) -> Result:
    count = bench.scale.client_calls
    result = Result("python-daemon", f"Python: a program run again, {count:,} memoized calls of a function")
    server = started(bench)
    has_redis = has_module("redis")
    redis = bench.start(Redis) if has_redis else None
    names = ["memod"]
    for name, module in MODULES.items():
        if has_module(module) and (redis is not None or name != "redis-py"):
            names.append(name)
        else:
            result.notes.append(f"{name} is not installed and was left out.")
    for name in names:
        bench.progress.step(f"filling {name}")
        worker(bench, server, redis, "fill", name, str(count))
        result.of(name)
    for number in range(bench.scale.rounds):
        first = number % len(names)
        for name in [*names[first:], *names[:first]]:
            bench.progress.step(f"{name}, {number + 1} of {bench.scale.rounds}")
            result.of(name).add(json.loads(worker(bench, server, redis, "ask", name, str(count))))
    for name, limit in (("diskcache", 0.5), ("joblib", 0.15), ("redis-py", 0.6)):
        result.compare("p50_us", name, limit)
        result.compare("throughput", name)
    result.notes.append(worker(bench, server, redis, "versions") + "; a process for each contender and round.")
    bench.end(server, redis)
    return result


def python_ways(bench: Bench) -> Result:
    """Every way to a result in the daemon is the same one."""
    count = bench.scale.client_calls
    result = Result("python-ways", f"Python: {count:,} hits in the daemon in each of the ways to them, in turn")
    server = started(bench)
    bench.progress.step("filling")
    worker(bench, server, None, "ways-fill", str(count))
    for number in range(bench.scale.rounds):
        bench.progress.step(f"asking, {number + 1} of {bench.scale.rounds}")
        for name, figures in json.loads(worker(bench, server, None, "ways-ask", str(count))).items():
            result.of(name).add(figures)
    for name in ("Client.get", "ttl", "method", "single flight", "typed"):
        result.compare("p50_us", "cache", 1.3, own=name)
    result.notes.append(worker(bench, server, None, "versions").split(",")[0] + "; one process for each round.")
    bench.end(server)
    return result
