"""Coroutine functions."""

import asyncio
import inspect
import time
import uuid

import pytest

import memod
from test_options import named


class Service:
    def __init__(self, rate):
        self.rate = rate

    @memod.lru_cache(maxsize=10)
    async def price(self, n):
        """Doc."""
        await asyncio.sleep(0)
        return n * self.rate


def test_results_are_remembered_across_loops_and_wrappers(daemon):
    name = str(uuid.uuid4())
    calls = []

    async def f(x, y=0):
        calls.append(x)
        await asyncio.sleep(0.001)
        return (x, y)

    one, two = named(name=name)(f), named(name=name)(f)
    assert inspect.iscoroutinefunction(one)

    async def main():
        assert await one(1) == await one(1) == await two(1) == (1, 0)
        assert await asyncio.gather(*[one(k) for k in range(10)]) == [(k, 0) for k in range(10)]

    asyncio.run(main())
    assert one.cache_info() == (2, 10, None, 10) and sorted(calls) == list(range(10))
    assert asyncio.run(two(5)) == (5, 0) and len(calls) == 10
    assert two.cache_info().misses == 2  # keys that this process computed, as functools counts


def test_methods(daemon):
    async def main():
        a, b = Service(2), Service(3)
        assert [await a.price(2), await b.price(2), await a.price(2), await Service(3).price(2)] == [
            4,
            6,
            4,
            6,
        ]

    asyncio.run(main())
    assert Service.price.cache_info().hits == 1 and Service.price.__doc__ == "Doc."
    assert Service.price.cache_scope() == "shared"


def test_exceptions_and_cancellation_are_not_cached(daemon):
    calls = []

    @named(single_flight=True)
    async def f(x):
        calls.append(x)
        if x == 0:
            raise KeyError(x)
        await asyncio.sleep(10 if len(calls) == 3 else 0)
        return x

    async def main():
        for _ in range(2):
            with pytest.raises(KeyError):
                await f(0)
        task = asyncio.ensure_future(f(1))
        while len(calls) < 3:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await asyncio.wait_for(f(1), 5)

    assert asyncio.run(main()) == 1


def test_the_loop_is_not_blocked_by_a_slow_daemon(fake, monkeypatch):
    monkeypatch.setenv("MEMOD_TIMEOUT", "1s")
    fake.fault = lambda request, _: time.sleep(5) if request["op"] == "get" else None

    @named()
    async def f(x):
        return x

    async def main():
        longest, last = 0.0, time.monotonic()
        task = asyncio.ensure_future(f(1))
        while not task.done():
            await asyncio.sleep(0.005)
            now = time.monotonic()
            longest, last = max(longest, now - last), now
        assert await task == 1
        return longest

    with pytest.warns(RuntimeWarning):
        assert asyncio.run(main()) < 0.5


def test_single_flight_computes_once_among_tasks(daemon):
    calls = []

    @named(single_flight=True)
    async def f(x):
        calls.append(x)
        await asyncio.sleep(0.05)
        return x * 2

    async def main():
        return await asyncio.gather(*[f(k % 3) for k in range(30)])

    assert asyncio.run(main()) == [k % 3 * 2 for k in range(30)]
    assert sorted(calls) == [0, 1, 2]


def gated():
    """A function that doubles once the event in `gate` is set, which belongs to the loop that is running then."""
    calls, gate = [], []

    @named(single_flight=True)
    async def f(x):
        calls.append(x)
        await gate[0].wait()
        return x * 2

    return f, calls, gate


def test_a_waiter_that_is_cancelled_leaves_the_others_waiting(daemon):
    f, calls, gate = gated()

    async def main():
        gate.append(asyncio.Event())
        first, gone, kept = (asyncio.ensure_future(f(5)) for _ in range(3))
        while not calls:
            await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait([gone])
        assert gone.cancelled() and not first.done() and not kept.done()
        gate[0].set()
        assert await asyncio.gather(first, kept) == [10, 10]

    asyncio.run(main())
    assert calls == [5]


def test_where_the_one_that_computes_is_cancelled_another_computes(daemon):
    f, calls, gate = gated()

    async def main():
        gate.append(asyncio.Event())
        first, *others = (asyncio.ensure_future(f(6)) for _ in range(4))
        while not calls:
            await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        gate[0].set()
        assert first.cancelled() and await asyncio.gather(*others) == [12] * 3

    asyncio.run(main())
    assert calls == [6, 6]


AWAITING = """
    import asyncio, os, sys
    import memod

    @memod.lru_cache(single_flight=True, name="awaited")
    async def f(x):
        print("computing", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        return x * 2

    async def main():
        tasks = [asyncio.ensure_future(f(7)) for _ in range(3)]
        if sys.argv[1] == "waits":
            print("asked", flush=True)
            await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
            tasks[0].cancel()
            tasks[2].cancel()
            print("cancelled", flush=True)
        print([each if isinstance(each, int) else type(each).__name__
               for each in await asyncio.gather(*tasks, return_exceptions=True)])

    asyncio.run(main())
    """


def test_single_flight_holds_across_processes_and_cancelled_waiters(daemon, program):
    program.write(AWAITING)
    processes = []
    for word in ("computes", "waits"):
        process = program.start(word)
        processes.append(process)
        assert process.stdout.readline() == ("computing\n" if word == "computes" else "asked\n")
    holder, waiter = processes
    waiter.stdin.write("\n")
    waiter.stdin.flush()
    assert waiter.stdout.readline() == "cancelled\n"
    said, error = holder.communicate("\n", timeout=60)
    assert said == "[14, 14, 14]\n", error
    said, error = waiter.communicate(timeout=60)
    assert said == "['CancelledError', 14, 'CancelledError']\n", error


def test_single_flight_never_waits_in_a_circle(daemon):
    @named(single_flight=True)
    async def f(k, depth):
        await asyncio.sleep(0.01)
        return 0 if depth == 0 else 1 + await f(1 - k, depth - 1)

    @named(single_flight=True, key=lambda k, depth: k)
    async def knot(k, depth):
        await asyncio.sleep(0.01)
        return 0 if depth == 0 else 1 + await knot(1 - k, depth - 1)

    async def main():
        assert await asyncio.gather(f(0, 3), f(1, 3)) == [3, 3]
        await asyncio.wait_for(asyncio.gather(knot(0, 3), knot(1, 3)), 8)

    asyncio.run(main())


def test_refresh_forget_clear_and_ttl(daemon):
    calls = []

    @named(ttl=0.2)
    async def f(x):
        calls.append(x)
        return len(calls)

    async def main():
        assert await f(1) == 1 and await f.refresh(1) == 2 and await f(1) == 2
        await f.forget(1)
        assert await f(1) == 3
        f.cache_clear()
        assert f.cache_info() == (0, 0, None, 0)
        assert await f(1) == 4
        deadline = time.monotonic() + 2
        while await f(1) == 4:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)

    asyncio.run(main())


def test_without_a_daemon():
    calls = []

    @memod.lru_cache
    async def f(x):
        calls.append(x)
        return x

    async def main():
        return [await f(1), await f(1), await asyncio.gather(f(2), f(2))]

    assert asyncio.run(main()) == [1, 1, [2, 2]]
    assert f.cache_scope() == "process"
