"""Asks a cache from one process, for `region.py`.

    region_worker.py get-fill|get CONTENDER          64 keys, again and again, in the contender's plain `get`
    region_worker.py first-fill|first CONTENDER      10,000 keys, each once, through a decorated function
    region_worker.py zipf-fill|zipf CONTENDER SEED   100,000 keys by Zipf's law, and new ones
    region_worker.py read|idle CONTENDER             the 64 keys, until it is killed; or only once: says when it reads by itself
    region_worker.py spin CONTENDER                  computes until it is killed, and asks nothing
    region_worker.py versions memod
"""

import bisect
import itertools
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from client_worker import score, versions

HOT_KEYS = 64
FIRST_KEYS = 10_000
ZIPF_KEYS = 100_000
SECONDS = 1.0
WARM_UP_SECONDS = 0.3
VALUE = "abcdefghijklmnopqrstuvwxyz012345" * 2

Get = Callable[[str], Any]
Put = Callable[[str, str], Any]


def key_of(number: int) -> str:
    return f"key:{number:012}"


def prepare(contender: str) -> None:
    if contender == "memod, pure Python":
        from memod._region import pure_reader, region

        region._reader_type = lambda: pure_reader.Reader  # type: ignore[assignment]


def plain(contender: str) -> tuple[Get, Put]:
    """The contender's own look-up and store, without a decorator."""
    directory = Path(os.environ["BENCH_DIRECTORY"])
    if contender.startswith("memod"):
        import memod

        client = memod.Client()
        return lambda key: client.get("bench", key), lambda key, value: client.put("bench", key, value)
    if contender == "diskcache":
        import diskcache

        cache = diskcache.Cache(directory / "diskcache-region", size_limit=1 << 40)
        return cache.get, cache.set
    import redis

    connection = redis.Redis(unix_socket_path=os.environ["REDIS_SOCKET"])
    return connection.get, connection.set


def decorated(contender: str) -> Callable[[int, float], Any]:
    if contender.startswith("memod"):
        import memod

        return memod.lru_cache(maxsize=None)(score)
    import diskcache

    directory = Path(os.environ["BENCH_DIRECTORY"])
    return diskcache.Cache(directory / "diskcache-first", size_limit=1 << 40).memoize()(score)


def figures(times: list[int]) -> dict[str, float]:
    times.sort()
    return {
        "throughput": len(times) / (sum(times) / 1e9),
        "p50_us": times[len(times) // 2] / 1e3,
        "p99_us": times[len(times) * 99 // 100] / 1e3,
    }


def get(contender: str, fills: bool) -> dict[str, float]:
    look, store = plain(contender)
    keys = [key_of(number) for number in range(HOT_KEYS)]
    if fills:
        for key in keys:
            store(key, VALUE)
        return {}
    clock = time.perf_counter_ns
    times: list[int] = []
    begin = clock()
    warm, end = begin + int(WARM_UP_SECONDS * 1e9), begin + int((WARM_UP_SECONDS + SECONDS) * 1e9)
    for key in itertools.cycle(keys):
        before = clock()
        value = look(key)
        after = clock()
        if not value:
            raise SystemExit(f"no value for {key}")
        if after >= end:
            return figures(times)
        if before >= warm:
            times.append(after - before)
    return {}


def stay(contender: str, reads: bool) -> None:
    look, _ = plain(contender)
    keys = [key_of(number) for number in range(HOT_KEYS)]
    for _ in range(200):
        for key in keys:
            look(key)
    print("ready", flush=True)
    while reads:
        for key in keys:
            if not look(key):
                raise SystemExit(f"no value for {key}")
    signal.pause()


def spin() -> None:
    print("ready", flush=True)
    keys = [key_of(number) for number in range(HOT_KEYS)]
    found: dict[str, int] = {}
    while True:
        for key in keys:
            found[key] = found.get(key, 0) + len(key)


def first(contender: str, fills: bool) -> dict[str, float]:
    """Filled by one process, and read by another, so that all is where later ones find it."""
    function = decorated(contender)
    warm_up = 200
    clock = time.perf_counter_ns
    times: list[int] = []
    for number in range(warm_up + FIRST_KEYS):
        before = clock()
        value = function(number, 0.05)
        times.append(clock() - before)
        if value != number * 0.05:
            raise SystemExit(f"wrong value for {number}")
    if fills and not os.environ.get("BENCH_AGAIN"):
        # What was computed is looked up twice more: the second time it is read from memory.
        for _ in range(2):
            os.environ["BENCH_AGAIN"] = "1"
            if os.spawnv(os.P_WAIT, sys.executable, [sys.executable, *sys.argv]) != 0:
                raise SystemExit("the second process failed")
        return {}
    return figures(times[warm_up:])


def zipf(contender: str, fills: bool, seed: int) -> dict[str, float]:
    look, store = plain(contender)
    if fills:
        for number in range(ZIPF_KEYS):
            store(key_of(number), VALUE)
        return {}
    weights = list(itertools.accumulate(1 / (rank + 1) ** 0.99 for rank in range(ZIPF_KEYS)))
    rng = random.Random(seed)
    chosen = [key_of(bisect.bisect(weights, rng.random() * weights[-1])) for _ in range(1 << 16)]
    clock = time.perf_counter
    new = itertools.count(ZIPF_KEYS + (seed + 1) * 10_000_000)
    begin = clock()
    warm, end = begin + WARM_UP_SECONDS, begin + WARM_UP_SECONDS + SECONDS
    done = 0
    for number, key in enumerate(itertools.cycle(chosen)):
        if number % 100 == 99:
            key = key_of(next(new))
            if look(key) is None:
                store(key, VALUE)
        elif not look(key):
            raise SystemExit(f"no value for {key}")
        if number % 64 == 0:
            now = clock()
            if now >= end:
                return {"throughput": done / (now - warm)}
            if now < warm:
                done = -64
        done += 1
    return {}


def main() -> None:
    action, contender, *rest = sys.argv[1:]
    if action == "versions":
        return print(versions())
    if action == "spin":
        return spin()
    prepare(contender)
    if action in ("read", "idle"):
        return stay(contender, action == "read")
    fills = action.endswith("-fill")
    kind = action.removesuffix("-fill")
    if kind == "zipf":
        found = zipf(contender, fills, int(rest[0]) if rest else 0)
    else:
        found = {"get": get, "first": first}[kind](contender, fills)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
