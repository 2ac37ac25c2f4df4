"""Hits that Python programs read from memory which the daemon publishes, beside what they would use in its place."""

import json
import os
import subprocess
import sys
from pathlib import Path

from bench import Bench
from clients import CLIENT
from cold import has_module
from generator import PATIENCE_SECONDS
from results import Result
from servers import BenchError, Memod, Redis, Server

WORKER = Path(__file__).parent / "region_worker.py"
MODULES = {"diskcache": "diskcache", "redis-py": "redis"}


def start(bench: Bench, server: Server, redis: Server | None, *arguments: str) -> "subprocess.Popen[str]":
    python = os.environ.get("BENCH_PYTHON", "")
    environment = {
        **os.environ,
        "BENCH_DIRECTORY": str(bench.scratch),
        "MEMOD_SOCKET": str(server.socket),
        "REDIS_SOCKET": str(redis.socket) if redis else "",
        "PYTHONPATH": str(CLIENT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "MEMOD_TIMEOUT": "30s",
    }
    return subprocess.Popen(
        [python if Path(python).is_file() else sys.executable, str(WORKER), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def finish(process: "subprocess.Popen[str]") -> str:
    out, error = process.communicate(timeout=PATIENCE_SECONDS)
    if process.returncode:
        raise BenchError(f"{' '.join(map(str, process.args[2:]))}: {error.strip()[-500:]}")  # type: ignore[index]
    return out.strip()


def servers_of(bench: Bench, result: Result) -> tuple[Server, Server | None, list[str]]:
    bench.end_fleets()
    server = bench.start(Memod)
    if server is None:
        raise BenchError("there is no memod")
    redis = bench.start(Redis) if has_module("redis") else None
    names = ["memod", "memod, pure Python"]
    for name, module in MODULES.items():
        if has_module(module) and (redis is not None or name != "redis-py"):
            names.append(name)
        else:
            result.notes.append(f"{name} is not installed and was left out.")
    return server, redis, names


def rounds(bench: Bench, result: Result, action: str, names: list[str], server: Server, redis: Server | None) -> None:
    for name in names:
        bench.progress.step(f"filling {name}")
        finish(start(bench, server, redis, f"{action}-fill", name))
        result.of(name)
    for number in range(bench.scale.rounds):
        first = number % len(names)
        for name in [*names[first:], *names[:first]]:
            bench.progress.step(f"{name}, {number + 1} of {bench.scale.rounds}")
            result.of(name).add(json.loads(finish(start(bench, server, redis, action, name))))
    result.notes.append(finish(start(bench, server, redis, "versions", "memod")) + "; a process for each and round.")
    bench.end(server, redis)


def get(bench: Bench) -> Result:
    result = Result("region-get", "Python: `get` of 64 hot keys, nothing kept in the process")
    server, redis, names = servers_of(bench, result)
    rounds(bench, result, "get", names, server, redis)
    result.compare("p50_us", "diskcache", 0.35)
    result.compare("p50_us", "redis-py")
    result.compare("p50_us", "diskcache", own="memod, pure Python")
    return result


def first(bench: Bench) -> Result:
    result = Result("region-first", "Python: the first call of each of 10,000 keys in a new process, decorated function")
    server, redis, names = servers_of(bench, result)
    rounds(bench, result, "first", [name for name in names if name != "redis-py"], server, redis)
    result.compare("p50_us", "diskcache", 0.20)
    result.compare("p50_us", "diskcache", 0.40, own="memod, pure Python")
    result.compare("throughput", "diskcache")
    return result


def processes(bench: Bench) -> Result:
    """Four processes that compute what is missing: about one key of a hundred that are asked for."""
    count = 4
    title = "Python: 4 processes, `get` of Zipf 0.99 over 100,000 keys, 1 of 100 look-ups a new key that is put"
    result = Result("region-processes", title)
    server, redis, names = servers_of(bench, result)
    for name in names:
        bench.progress.step(f"filling {name}")
        finish(start(bench, server, redis, "zipf-fill", name))
        result.of(name)
    for number in range(bench.scale.rounds):
        first = number % len(names)
        for name in [*names[first:], *names[:first]]:
            bench.progress.step(f"{name}, {number + 1} of {bench.scale.rounds}")
            started = [start(bench, server, redis, "zipf", name, str(number * count + each)) for each in range(count)]
            figures = [json.loads(finish(process)) for process in started]
            result.of(name).add({"throughput": sum(each["throughput"] for each in figures)})
    for name in ("diskcache", "redis-py"):
        result.compare("throughput", name, 4.0)
    result.notes.append("Each process runs for as long; their rates are added.")
    bench.end(server, redis)
    return result
