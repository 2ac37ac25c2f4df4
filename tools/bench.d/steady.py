"""Workloads that ask servers with a fixed content for a while, in rounds."""

from dataclasses import replace

from bench import EVERYONE, Bench
from generator import Load, fill, processors
from results import Result
from servers import Memcached, Memod, Redis, Server

EVERY_SECOND = ("--appendonly", "yes", "--appendfsync", "everysec")
ALWAYS = ("--appendonly", "yes", "--appendfsync", "always")
ROOMY = ("--hot-bytes", "4GiB", "--cold-bytes", "32GiB")


def small(bench: Bench) -> list[Server]:
    keys = fill(100_000)
    return bench.fleet("small", lambda: bench.filled([(kind, ()) for kind in EVERYONE], keys))


def million(bench: Bench) -> list[Server]:
    def start() -> list[Server]:
        return bench.filled(
            [(Memod, ROOMY), (Redis, EVERY_SECOND), (Memcached, ())], fill(bench.scale.million)
        )

    return bench.fleet("million", start)


def hot_1(bench: Bench) -> Result:
    result = Result("hot-1", "hot get, 64 B, 100,000 keys, 1 connection")
    bench.rounds(result, small(bench), Load(connections=1))
    for peer in ("Redis", "memcached"):
        result.compare("p50_us", peer, 1.0)
        result.compare("cpu_us", peer)
    return result


def hot_50(bench: Bench) -> Result:
    result = Result("hot-50", "hot get, 64 B, 100,000 keys, 50 connections")
    bench.rounds(result, small(bench), Load(connections=50))
    result.compare("cpu_us", "Redis", 0.70)
    result.compare("cpu_us", "memcached", 0.75)
    result.compare("throughput", "Redis", 1.2)
    result.compare("throughput", "memcached", 1.2)
    result.compare("throughput", "echo", 0.75)
    return result


def hot_50x16(bench: Bench) -> Result:
    result = Result("hot-50x16", "hot get, 64 B, 100,000 keys, 50 connections × 16 pipelined")
    bench.rounds(result, small(bench), Load(connections=50, pipeline=16))
    result.compare("cpu_us", "Redis", 0.45)
    result.compare("cpu_us", "memcached", 0.55)
    result.compare("throughput", "Redis", 1.3)
    result.compare("throughput", "memcached", 1.3)
    result.compare("throughput", "echo")
    return result


def spellings(bench: Bench) -> Result:
    """What clients really send: an id first, and white space as Python's json.dumps writes it."""
    result = Result("spellings", "hot get, 64 B, 100,000 keys, as clients write it; memcached by meta commands")
    servers = {server.name: server for server in small(bench)}
    rows: list[tuple[str, Server, Load]] = []
    for text, load in (("50", Load(connections=50)), ("50×16", Load(connections=50, pipeline=16))):
        for name, kind, protocol in (
            ("memod", "memod", ""),
            ("memod client", "memod", "memod-client"),
            ("Redis", "Redis", ""),
            ("memcached mg", "memcached", "memcached-meta"),
        ):
            if kind in servers:
                rows.append((f"{name} {text}", servers[kind], replace(load, protocol=protocol)))
    bench.mixed_rounds(result, rows)
    for text, limit in (("50", 0.70), ("50×16", 0.40)):
        own = f"memod client {text}"
        result.compare("cpu_us", f"memod {text}", 1.05, own=own)
        result.compare("cpu_us", f"Redis {text}", limit, own=own)
        result.compare("cpu_us", f"memcached mg {text}", own=own)
    return result


def miss_50(bench: Bench) -> Result:
    result = Result("miss-50", "miss, 50 connections, 1 M other keys present")
    servers = million(bench)
    absent = Load(connections=50, first=10**9, keys=10**9, misses=True)
    hits = Load(connections=50, keys=min(100_000, bench.scale.million))
    load_of = {"memod hit": hits}
    own = [server for server in servers if server.name == "memod"]
    names = [server.name for server in servers] + ["memod hit"]
    bench.mixed_rounds(
        result,
        [(name, server, load_of.get(name, absent)) for name, server in zip(names, [*servers, *own])],
    )
    result.compare("throughput", "memod hit", 0.9)
    result.compare("throughput", "Redis", 1.0)
    result.compare("throughput", "memcached")
    result.compare("cpu_us", "Redis")
    return result


def mixed(bench: Bench) -> Result:
    result = Result("mixed", "90 % get, 10 % put, Zipf 0.99 over 1 M keys, 50 connections; Redis with AOF everysec")
    servers = [server for server in million(bench) if server.name != "memcached"]
    bench.rounds(result, servers, Load(connections=50, keys=bench.scale.million, order="zipf", put_share=0.1))
    result.compare("throughput", "Redis", 1.2)
    result.compare("cpu_us", "Redis")
    return result


def large(bench: Bench) -> Result:
    result = Result("large", "get of 64 KiB values, 1,000 keys, 16 connections")
    kinds: list[tuple[type[Server], tuple[str, ...]]] = [(Memod, ()), (Redis, ()), (Memcached, ("-I", "2m"))]
    size = 64 << 10
    servers = bench.fleet("large", lambda: bench.filled(kinds, fill(1000, size)))
    bench.rounds(result, servers, Load(connections=16, keys=1000, value_bytes=size))
    for peer in ("Redis", "memcached"):
        result.compare("throughput", peer, 1.0)
        result.compare("cpu_us", peer)
    return result


def durable_put_50(bench: Bench) -> Result:
    title = "durable put, 50 connections, unique keys; memod --durability full, Redis appendfsync always"
    result = Result("durable-put-50", title)
    bench.end_fleets()
    keys = Load("durable-put", connections=50, keys=10**8, order="sequential", anew=True)
    servers = [bench.start(Memod, "--durability", "full"), bench.start(Redis, *ALWAYS)]
    bench.rounds(result, [server for server in servers if server], keys)
    bench.end(*servers)
    result.compare("throughput", "Redis", 1.0)
    result.compare("p99_us", "Redis")
    return result


def growth(bench: Bench) -> Result:
    title = f"growth: hot get, 50 connections, over {bench.scale.growth_entries:,} entries and over 100,000"
    result = Result("growth", title)
    bench.end_fleets()
    rows: list[tuple[str, Server, Load]] = []
    for kind, options in ((Memod, ROOMY), (Redis, ())):
        for text, count in (("of 100,000", 100_000), ("of all", bench.scale.growth_entries)):
            server = bench.start(kind, *options)
            if server is None:
                continue
            bench.load(server, fill(count))
            rows.append((f"{kind.name} {text}", server, Load(connections=50, keys=count)))
    bench.mixed_rounds(result, rows)
    for _, server, _ in rows:
        bench.end(server)
    result.compare("cpu_us", "memod of 100,000", 1.25, own="memod of all")
    result.compare("cpu_us", "Redis of 100,000", own="Redis of all")
    own, *rest = result.ratios
    if rest and own.median > 1.25:
        # Growing less than Redis does is as good.
        own.limit = max(1.25, round(rest[0].median, 2))
    return result


def scale(bench: Bench) -> Result:
    result = Result("scale", "scale: hot get, 50 connections × 16 pipelined, 2 I/O threads and 1")
    bench.end_fleets()
    rows: list[tuple[str, Server, Load]] = []
    for count in ("1", "2"):
        server = bench.start(Memod, "--io-threads", count)
        if server is not None:
            bench.load(server, fill(100_000))
            name = "1 thread" if count == "1" else f"{count} threads"
            rows.append((name, server, replace(Load(connections=50), pipeline=16)))
    bench.mixed_rounds(result, rows)
    for _, server, _ in rows:
        bench.end(server)
    result.compare("throughput", "1 thread", own="2 threads")
    result.compare("cpu_us", "1 thread", own="2 threads")
    result.notes.append(f"{processors()} processors, of which the generator uses one.")
    return result
