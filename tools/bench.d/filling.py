"""Workloads that put until there is much."""

import json
import time

from bench import Bench
from generator import Load, fill
from results import Result
from servers import BenchError, Memcached, Memod, Redis, Server
from steady import EVERY_SECOND

# All servers alike may give back what filling took.
SETTLE_SECONDS = 3


def check_nothing_dropped(bench: Bench, server: Server, entries: int) -> None:
    """Counts the entries, and looks a sample of them up."""
    if isinstance(server, Memod):
        stats = json.loads(server.ask(b'{"op":"stats"}\n'))
        if stats["currsize"] != entries or stats["cold"]["pending"] != 0:
            raise BenchError(f"memod has {stats['currsize']} of {entries} entries, {stats['cold']['pending']} pending")
    elif (reply := server.ask(b"DBSIZE\r\n")) != f":{entries}\r\n".encode():
        raise BenchError(f"Redis has {reply!r} of {entries} entries")
    bench.generator.verify(server, entries)


def sustained(bench: Bench, result: Result, pipeline: int) -> Result:
    bench.end_fleets()
    entries = bench.scale.put_entries
    load = Load(
        "put", 50, pipeline, keys=entries, order="sequential", requests=entries, warm_up=0, sync=True
    )
    for _ in range(bench.scale.long_rounds):
        for kind, options in ((Memod, ()), (Redis, EVERY_SECOND)):
            server = bench.start(kind, *options)
            if server is None:
                continue
            measured = bench.load(server, load)
            check_nothing_dropped(bench, server, entries)
            figures = measured.as_dict() | {"memory": server.memory("VmHWM")}
            result.of(kind.name).add(figures)
            bench.end(server)
    result.compare("throughput", "Redis", 0.7)
    result.compare("cpu_us", "Redis")
    result.compare("memory", "Redis")
    result.add_steadiness("memod", 1 / 3)
    result.notes.append("Throughput of memod counts its `sync`; Redis has none. Memory is the highest there was.")
    return result


def put_50(bench: Bench) -> Result:
    count = bench.scale.put_entries
    title = f"put, 50 connections, unique keys and values, until {count:,} entries; Redis with AOF everysec"
    return sustained(bench, Result("put-50", title), 1)


def put_50x16(bench: Bench) -> Result:
    count = bench.scale.put_entries
    title = f"put, 50 connections × 16 pipelined, until {count:,} entries; Redis with AOF everysec"
    return sustained(bench, Result("put-50x16", title), 16)


def memory(bench: Bench) -> Result:
    count = bench.scale.million
    result = Result("memory", f"resident memory with {count:,} entries of 64 B, all hot")
    bench.end_fleets()
    for name, kind, options in (
        ("memod", Memod, ("--hot-bytes", "1GiB")),
        ("memod, region off", Memod, ("--hot-bytes", "1GiB", "--shared-bytes", "0")),
        ("Redis", Redis, ()),
        ("memcached", Memcached, ()),
    ):
        server = bench.start(kind, *options)
        if server is None:
            continue
        bench.load(server, fill(count))
        time.sleep(SETTLE_SECONDS)
        if isinstance(server, Memod):
            hot = json.loads(server.ask(b'{"op":"stats"}\n'))["hot"]
            if hot["entries"] != count:
                raise BenchError(f"only {hot['entries']} of {count} entries are hot")
        result.of(name).add({"memory": server.memory()})
        bench.end(server)
    result.compare("memory", "Redis", 1.0)
    result.compare("memory", "Redis", 1.0, own="memod, region off")
    result.compare("memory", "memcached")
    return result


def start(bench: Bench) -> Result:
    count = bench.scale.million
    result = Result("start", f"start with {count:,} entries on disk, until the first correct get; Redis loads its RDB")
    bench.end_fleets()
    key = "key:" + str(count // 2).zfill(12)
    requests = {
        "memod": f'{{"op":"get","fn":"bench","key":"{key}"}}\n'.encode(),
        "Redis": f"*2\r\n$3\r\nGET\r\n$16\r\n{key}\r\n".encode(),
    }
    servers = [bench.start(Memod, "--hot-bytes", "1GiB"), bench.start(Redis)]
    for server in servers:
        if server is None:
            continue
        bench.load(server, fill(count))
        reply = server.ask(requests[server.name], lines=2 if isinstance(server, Redis) else 1)
        if key.encode() not in reply:
            raise BenchError(f"{server.name} does not have {key}: {reply!r}")
        if isinstance(server, Redis):
            server.ask(b"SAVE\r\n")
        for number in range(bench.scale.rounds):
            bench.progress.step(f"start {number + 1} of {bench.scale.rounds}, {server.name}")
            server.stop()
            server.socket.unlink(missing_ok=True)
            began = time.monotonic()
            server.launch()
            result.of(server.name).add({"seconds": server.wait_for(requests[server.name], reply) - began})
    bench.end(*servers)
    result.compare("seconds", "Redis", 0.1)
    return result
