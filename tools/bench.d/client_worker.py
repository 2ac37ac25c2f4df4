"""Calls memoized functions the way a program does that is run again, in a process of its own.

    client_worker.py process                     memod.lru_cache and functools.lru_cache, in slices in turn
    client_worker.py fill|ask CONTENDER COUNT    every call once; `ask` finds all that `fill` left
    client_worker.py ways-fill|ways-ask COUNT    the ways to a result of memod, in turn
    client_worker.py versions
"""

import functools
import importlib.metadata
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

WARM_UP_CALLS = 200
SLICES = 60
SLICE_CALLS = 20_000
THRESHOLD = 0.05

computed = 0


def score(portfolio: int, threshold: float) -> float:
    global computed
    computed += 1
    return portfolio * threshold


def memod_call(_: Path) -> Callable[[int], Any]:
    import memod

    function = memod.lru_cache(maxsize=None)(score)
    if function.cache_scope() != "shared":
        raise SystemExit(f"not shared: {function.cache_scope().reason}")
    return lambda number: function(number, THRESHOLD)


def diskcache_call(directory: Path) -> Callable[[int], Any]:
    import diskcache

    # Nothing is evicted: the size limit is out of reach.
    function = diskcache.Cache(directory / "diskcache", size_limit=1 << 40).memoize()(score)
    return lambda number: function(number, THRESHOLD)


def joblib_call(directory: Path) -> Callable[[int], Any]:
    import joblib

    function = joblib.Memory(directory / "joblib", verbose=0).cache(score)
    return lambda number: function(number, THRESHOLD)


def redis_call(directory: Path) -> Callable[[int], Any]:
    """No memoization at all, but the `get` that one would be made of: its key made, its value left as bytes."""
    import redis

    client = redis.Redis(unix_socket_path=os.environ["REDIS_SOCKET"])

    def call(number: int) -> Any:
        value = client.get(f"score:{number}:{THRESHOLD}")
        if value is None:
            value = json.dumps(score(number, THRESHOLD)).encode()
            client.set(f"score:{number}:{THRESHOLD}", value)
        return value

    return call


CONTENDERS = {
    "memod": memod_call,
    "diskcache": diskcache_call,
    "joblib": joblib_call,
    "redis-py": redis_call,
}


class Model:
    def __init__(self, threshold: float) -> None:
        self.threshold = threshold

    def score(self, portfolio: int) -> float:
        return score(portfolio, self.threshold)


def ways() -> dict[str, Callable[[int], Any]]:
    import memod

    client = memod.Client()
    cached = memod.cache(score)
    timed = memod.lru_cache(maxsize=None, ttl=86_400, name="bench.ttl")(score)
    typed = memod.lru_cache(maxsize=None, typed=True, name="bench.typed")(score)
    flight = memod.lru_cache(maxsize=None, single_flight=True, name="bench.flight")(score)
    Model.score = memod.cache(Model.score)  # type: ignore[method-assign]
    model = Model(THRESHOLD)
    for function in (cached, Model.score):
        if function.cache_scope() != "shared":
            raise SystemExit(f"not shared: {function.cache_scope().reason}")

    def get(number: int) -> Any:
        value = client.get("bench.client", [number, THRESHOLD])
        if value is None:
            value = score(number, THRESHOLD)
            client.put("bench.client", [number, THRESHOLD], value)
        return value

    return {
        "cache": lambda number: cached(number, THRESHOLD),
        "Client.get": get,
        "ttl": lambda number: timed(number, THRESHOLD),
        "method": model.score,
        "single flight": lambda number: flight(number, THRESHOLD),
        "typed": lambda number: typed(number, THRESHOLD),
    }


def ask_in_turn(calls: dict[str, Callable[[int], Any]], count: int) -> dict[str, dict[str, float]]:
    clock = time.perf_counter_ns
    times: dict[str, list[int]] = {name: [] for name in calls}
    for number in range(WARM_UP_CALLS + count):
        for name, call in calls.items():
            before = clock()
            value = call(number)
            times[name].append(clock() - before)
            if float(value) != number * THRESHOLD:
                raise SystemExit(f"wrong value for {number}: {value!r}")
    if computed:
        raise SystemExit(f"{computed} results were computed again")
    figures = {}
    for name, taken in times.items():
        taken = sorted(taken[WARM_UP_CALLS:])
        figures[name] = {"p50_us": taken[len(taken) // 2] / 1e3, "p99_us": taken[len(taken) * 99 // 100] / 1e3}
    return figures


def ask(call: Callable[[int], Any], count: int) -> dict[str, float]:
    clock = time.perf_counter_ns
    for number in range(WARM_UP_CALLS):
        call(number)
    times: list[int] = []
    for number in range(WARM_UP_CALLS, WARM_UP_CALLS + count):
        before = clock()
        value = call(number)
        times.append(clock() - before)
        if float(value) != number * THRESHOLD:
            raise SystemExit(f"wrong value for {number}: {value!r}")
    if computed:
        raise SystemExit(f"{computed} results were computed again")
    times.sort()
    return {
        "throughput": len(times) / (sum(times) / 1e9),
        "p50_us": times[len(times) // 2] / 1e3,
        "p99_us": times[len(times) * 99 // 100] / 1e3,
    }


def hits(function: Callable[..., Any]) -> float:
    """Nanoseconds of a hit."""
    clock = time.perf_counter_ns
    loop = range(SLICE_CALLS)
    before = clock()
    for _ in loop:
        function(7, 0.05)
    return (clock() - before) / SLICE_CALLS


def process() -> dict[str, float]:
    import memod

    functions = {
        "memod": memod.lru_cache(maxsize=512)(score),
        "functools": functools.lru_cache(maxsize=512)(score),
    }
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(SLICES):
        for name, function in functions.items():
            times[name].append(hits(function))
    if computed > 2:
        raise SystemExit(f"{computed} results were computed")
    return {name: sorted(values)[len(values) // 2] for name, values in times.items()}


def versions() -> str:
    found = [f"Python {platform.python_version()}"]
    for package, name in (("diskcache", "diskcache"), ("joblib", "joblib"), ("redis", "redis-py")):
        try:
            found.append(f"{name} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            pass
    return ", ".join(found)


def main() -> None:
    action, *rest = sys.argv[1:]
    if action == "versions":
        print(versions())
    elif action == "process":
        print(json.dumps(process()))
    elif action == "ways-fill":
        for call in ways().values():
            for number in range(WARM_UP_CALLS + int(rest[0])):
                call(number)
    elif action == "ways-ask":
        print(json.dumps(ask_in_turn(ways(), int(rest[0]))))
    else:
        contender, count = rest
        call = CONTENDERS[contender](Path(os.environ["BENCH_DIRECTORY"]))
        if action == "fill":
            for number in range(WARM_UP_CALLS + int(count)):
                call(number)
        else:
            print(json.dumps(ask(call, int(count))))


if __name__ == "__main__":
    main()
