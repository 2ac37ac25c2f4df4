"""Threads, and what a hit costs: memod's decorators beside functools'."""

import functools
import threading
import time
import timeit

import pytest

import memod


@memod.lru_cache
def memoized_global(x):
    return x * 2


def test_threads(module):
    n, m = 5, 11

    @module.lru_cache(maxsize=n * m)
    def f(x, y):
        return 3 * x + y

    failures = []
    start = threading.Event()

    def work(k):
        start.wait(10)
        for _ in range(m):
            if f(k, 0) != 3 * k:
                failures.append(k)

    def clear():
        start.wait(10)
        for _ in range(2 * m):
            f.cache_clear()

    for targets in ([work, clear], [work]):
        threads = [
            threading.Thread(target=t, args=(k,) if t is work else ()) for k in range(n) for t in targets
        ]
        f.cache_clear()
        start.clear()
        for thread in threads:
            thread.start()
        start.set()
        for thread in threads:
            thread.join(30)
    assert failures == []
    assert f.cache_info().hits == n * (m - 1) and f.cache_info().misses == n


def test_slow_calls_in_threads_are_independent(module):
    @module.lru_cache(maxsize=None)
    def f(x):
        barrier.wait(10)
        return x

    barrier = threading.Barrier(4)
    threads = [threading.Thread(target=f, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    assert f(3) == 3
    for thread in threads:
        thread.join(10)
    assert f.cache_info() == (0, 4, None, 4)


@pytest.mark.parametrize("call", ["f(1)", "f(1, 2)", "f(x=1)", "o.m(1)"])
def test_a_hit_costs_what_it_costs_in_functools(daemon, call):
    def make(decorate):
        @decorate
        def f(x=0, y=0):
            return x

        class O:
            @decorate
            def m(self, x):
                return x

        return {"f": f, "o": O()}

    ours = make(memod.lru_cache(128, name="cost"))
    theirs = make(functools.lru_cache(128))
    ratios = []
    for _ in range(20):
        times = [min(timeit.repeat(call, globals=each, number=20_000, repeat=5)) for each in (ours, theirs)]
        ratios.append(times[0] / times[1])
        if ratios[-1] <= 1.1:
            return
    raise AssertionError(f"a hit costs more than functools': {ratios}")


def test_no_thread_of_ours_is_seen(daemon):
    before = threading.enumerate()
    assert memoized_global(4) == 8
    assert threading.enumerate() == before
    started = time.monotonic()
    memoized_global.cache_clear()
    assert time.monotonic() - started < 5
