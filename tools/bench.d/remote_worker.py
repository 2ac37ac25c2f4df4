"""Asks a memod for what another machine has, and a Redis by redis-py; prints JSON.

    remote_worker.py get FIRST COUNT       p50 and p99 of single gets of each, in slices in turn, in µs
    remote_worker.py mget FIRST COUNT      the same of COUNT times 1,024 keys at once
    remote_worker.py missing FIRST COUNT CLIENTS   local misses, each client first and then one alone, in ms
"""

import json
import os
import sys
import threading
import time
from statistics import median

KEYS_AT_ONCE = 1024
SLICE = 250


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def figures(times: list[float]) -> dict[str, float]:
    return {"p50_us": median(times) * 1e6, "p99_us": percentile(times, 0.99) * 1e6}


def names(first: int, count: int) -> list[str]:
    """As the load generator calls them."""
    return [f"key:{number:012}" for number in range(first, first + count)]


def memod_client():
    import memod

    return memod.Client(os.environ["MEMOD_SOCKET"])


def redis_client():
    if not os.environ.get("REDIS_SOCKET"):
        return None
    try:
        import redis
    except ImportError:
        return None
    return redis.Redis(unix_socket_path=os.environ["REDIS_SOCKET"])


def timed(call, argument) -> float:
    began = time.perf_counter()
    found = call(argument)
    took = time.perf_counter() - began
    if found is None or isinstance(found, list) and not all(getattr(entry, "hit", entry) for entry in found):
        raise SystemExit(f"{argument if isinstance(argument, str) else argument[0]}: not all is there")
    return took


def get(first: int, count: int) -> dict[str, object]:
    client, peer = memod_client(), redis_client()
    keys = names(first, count)
    ours: list[float] = []
    theirs: list[float] = []
    for start in range(0, count, SLICE):
        for key in keys[start : start + SLICE]:
            ours.append(timed(lambda key: client.get("bench", key), key))
        if peer is not None:
            for key in keys[start : start + SLICE]:
                theirs.append(timed(peer.get, key))
    return {"memod": figures(ours), **({"redis-py": figures(theirs)} if theirs else {})}


def mget(first: int, count: int) -> dict[str, object]:
    client, peer = memod_client(), redis_client()
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(count):
        keys = names(first + number * KEYS_AT_ONCE, KEYS_AT_ONCE)
        ours.append(timed(lambda keys: client.mget("bench", keys), keys))
        if peer is not None:
            theirs.append(timed(peer.mget, keys))
    return {"memod": figures(ours), **({"redis-py": figures(theirs)} if theirs else {})}


def missing(first: int, count: int, clients: int) -> dict[str, object]:
    """What is not there costs while the server does not answer."""
    firsts: list[float] = []
    barrier = threading.Barrier(clients)

    def one(number: int) -> None:
        client = memod_client()
        client.ping()
        barrier.wait()
        began = time.perf_counter()
        client.get("bench", f"missing {first + number}")
        firsts.append(time.perf_counter() - began)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client = memod_client()
    rest: list[float] = []
    for number in range(count):
        began = time.perf_counter()
        client.get("bench", f"missing {first + clients + number}")
        rest.append(time.perf_counter() - began)
    late = [took for took in rest if took > 0.005]
    return {
        "first_ms": max(firsts) * 1000,
        "rest_p99_ms": percentile(rest, 0.99) * 1000,
        "paid": sum(took > 0.005 for took in firsts) + len(late),
    }


def main() -> None:
    action, *numbers = sys.argv[1:]
    print(json.dumps({"get": get, "mget": mget, "missing": missing}[action](*map(int, numbers))))


if __name__ == "__main__":
    main()
