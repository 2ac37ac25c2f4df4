"""R15: what other machines are not asked for, since it would not pay."""

import time

from proxy import Proxy
from redis_server import wait_until


def test_r15_a_key_that_was_not_there_is_not_asked_for_again_within_a_second(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    began = time.monotonic()
    assert a.get(1) is None and a.get(1) is None
    if time.monotonic() - began < 1:
        assert (a.remote["misses"], a.remote["skipped"]) == (1, 1)
    b.put(1, "v")
    wait_until(lambda: a.get(1) == "v", seconds=5)


def test_r15_of_what_is_hardly_ever_found_one_in_sixteen_is_asked_for(shared_redis, machines):
    a = machines.make(shared_redis.url).start()
    for key in range(1000):
        a.get(["m", key])
    asked = a.remote["misses"] + a.remote["timeouts"]
    for key in range(160):
        a.get(["n", key])
    assert a.remote["misses"] + a.remote["timeouts"] - asked == 10 and a.remote["skipped"] == 150
    # Of another function nothing is known yet.
    a.get(1, fn="g")
    assert a.remote["misses"] + a.remote["timeouts"] - asked == 11


def test_r15_what_is_computed_in_less_than_three_round_trips_is_not_asked_for(redis, scratch, machines):
    proxy = Proxy(redis.socket, scratch / "distant")
    proxy.delay = 0.05
    try:
        a = machines.make(f"redis+unix://{proxy.path}").start()
        for number in range(20):
            a.put(number, "v", fn="cheap", cost_ms=2)
            a.put(number, "v", fn="dear", cost_ms=60_000)
        wait_until(lambda: a.get(["m", time.monotonic_ns()], fn="dear") is None and a.remote["nodes"][0]["latency_us"] > 5000)
        before = a.remote
        a.get("missing", fn="cheap")
        assert (a.remote["misses"], a.remote["skipped"]) == (before["misses"], before["skipped"] + 1)
        a.get("missing", fn="dear")
        assert a.remote["misses"] == before["misses"] + 1
    finally:
        proxy.close()
