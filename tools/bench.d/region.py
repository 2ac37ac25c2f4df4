"""Hits that Python programs read from memory which the daemon publishes, beside what they would use in its place."""

import json
import os
import subprocess
import sys
from pathlib import Path

from bench import Bench
from clients import CLIENT
from cold import has_module
from generator import PATIENCE_SECONDS, Load, fill, processors
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


def swift(bench: Bench) -> Result:
    """A Swift program that reads the region, beside a C program that asks Redis."""
    result = Result("region-swift", "Swift: `BlockingClient.get` of 64 B, and a memoized function; C: Redis's GET")
    caller = Path(Memod.program).parent / "MemoCaller"
    if not caller.is_file():
        raise BenchError(f"there is no {caller}")
    bench.end_fleets()
    server, redis = bench.start(Memod), bench.start(Redis)
    if server is None:
        raise BenchError("there is no memod")
    if redis is not None:
        bench.load(redis, fill(64))
    for number in range(bench.scale.rounds):
        bench.progress.step(f"{number + 1} of {bench.scale.rounds}")
        done = subprocess.run(
            [str(caller), "hits", str(bench.scale.seconds)],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            env={**os.environ, "MEMOD_SOCKET": str(server.socket)},
        )
        if done.returncode:
            raise BenchError(f"{caller}: {done.stderr.strip()[-500:]}")
        for name, ns in json.loads(done.stdout).items():
            result.of(name).add({"p50_us": ns / 1000})
        if redis is not None:
            load = Load(connections=1, keys=64, seconds=bench.scale.seconds, warm_up=bench.scale.warm_up)
            result.of("Redis").add({"p50_us": bench.generator.run(redis, load).p50_us})
    result.compare("p50_us", "Redis", 0.05, own="BlockingClient.get")
    more = [one - other for one, other in zip(*(result.of(name).rounds["p50_us"] for name in MEMOIZED))]
    result.notes.append(f"A hit in the region takes {sorted(more)[len(more) // 2]:.2f} µs more than one in the process (≤ 1).")
    bench.end(server, redis)
    return result


MEMOIZED = ("memoize, first calls", "memoize, again")


BESIDE = {"alone": "", "beside readers": "read", "beside others": "spin"}


def beside_readers(bench: Bench) -> Result:
    """The daemon and who asks it have one processor, four readers the other; or four programs that know nothing of memod,
    since virtual processors take time from each other whatever runs on them."""
    title = "hot get by the socket, 50 connections, on one processor: alone, beside 4 readers, beside 4 programs that only compute"
    result = Result("region-beside", title)
    if processors() < 2:
        raise BenchError("needs two processors")
    bench.end_fleets()
    server = bench.start(Memod)
    if server is None:
        raise BenchError("there is no memod")
    # The readers' keys are the first of these.
    bench.load(server, fill(100_000))
    first, second, *_ = sorted(os.sched_getaffinity(0))
    everywhere = os.sched_getaffinity(0)
    try:
        for each in Path(f"/proc/{server.pid}/task").iterdir():
            os.sched_setaffinity(int(each.name), {first})
        load = Load(connections=50, seconds=bench.scale.seconds, warm_up=bench.scale.warm_up)
        for number in range(bench.scale.rounds):
            for name in [*BESIDE][number % 3 :] + [*BESIDE][: number % 3]:
                bench.progress.step(f"{name}, {number + 1} of {bench.scale.rounds}")
                readers = []
                if BESIDE[name]:
                    os.sched_setaffinity(0, {second})
                    readers = [start(bench, server, None, BESIDE[name], "memod") for _ in range(4)]
                    for each in readers:
                        assert each.stdout is not None
                        each.stdout.readline()
                os.sched_setaffinity(0, {first})
                try:
                    result.of(name).add(bench.generator.run(server, load).as_dict())
                finally:
                    for each in readers:
                        each.kill()
                        each.communicate()
    finally:
        os.sched_setaffinity(0, everywhere)
    result.compare("throughput", "alone", 0.95, own="beside readers")
    result.compare("cpu_us", "alone", 1.05, own="beside readers")
    result.compare("throughput", "beside others", own="beside readers")
    result.compare("cpu_us", "beside others", own="beside readers")
    bench.end(server)
    return result


def unpublished_puts(bench: Bench) -> Result:
    result = Result("region-put", "put of entries nobody published, 50 connections, one process has the region mapped")
    bench.end_fleets()
    keys = min(200_000, bench.scale.put_entries)
    load = Load("put", connections=50, keys=keys, order="sequential", anew=True)
    rows: list[tuple[str, Server, Load]] = []
    readers = []
    for name, options in (("region", ()), ("region off", ("--shared-bytes", "0"))):
        server = bench.start(Memod, *options)
        if server is None:
            raise BenchError("there is no memod")
        finish(start(bench, server, None, "get-fill", "memod"))
        readers.append(start(bench, server, None, "idle", "memod"))
        reader = readers[-1]
        assert reader.stdout is not None
        reader.stdout.readline()
        rows.append((name, server, load))
    try:
        bench.mixed_rounds(result, rows)
    finally:
        for each in readers:
            each.kill()
            each.communicate()
    result.compare("cpu_us", "region off", 1.02, own="region")
    result.compare("throughput", "region off", own="region")
    for _, server, _ in rows:
        bench.end(server)
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
