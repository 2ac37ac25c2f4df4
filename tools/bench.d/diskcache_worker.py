"""Fills and asks a diskcache.Cache, in a process of its own under the Python that has it."""

import json
import random
import sys
import time
from pathlib import Path

from diskcache import Cache

FILLER = "abcdefghijklmnopqrstuvwxyz012345" * 2


def key_of(number: int) -> str:
    return f"key:{number:012}"


def fill(cache: Cache, count: int) -> None:
    for first in range(0, count, 1000):
        with cache.transact():
            for number in range(first, min(first + 1000, count)):
                cache.set(key_of(number), (key_of(number) + FILLER)[:64])


def ask(cache: Cache, count: int, seconds: float) -> dict[str, float]:
    get, clock = cache.get, time.perf_counter_ns
    times: list[int] = []
    begin = clock()
    warm = begin + int(0.2e9)
    end = warm + int(seconds * 1e9)
    while True:
        key = key_of(random.randrange(count))
        before = clock()
        value = get(key)
        after = clock()
        if value is None or not value.startswith(key):
            raise SystemExit(f"wrong value for {key}: {value}")
        if after >= end:
            break
        if before >= warm:
            times.append(after - before)
    times.sort()
    return {
        "throughput": len(times) / (sum(times) / 1e9),
        "p50_us": times[len(times) // 2] / 1e3,
        "p99_us": times[len(times) * 99 // 100] / 1e3,
    }


def main() -> None:
    action, directory, count, seconds = sys.argv[1:5]
    # Nothing is evicted: the size limit is out of reach.
    cache = Cache(Path(directory), size_limit=1 << 40)
    if action == "fill":
        fill(cache, int(count))
    else:
        print(json.dumps(ask(cache, int(count), float(seconds))))
    cache.close()


if __name__ == "__main__":
    main()
