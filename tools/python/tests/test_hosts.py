"""Programs in whose hands a memoized function is called in unusual ways: signal handlers, other event loops, functions in
the place of builtins, and many of them."""

import builtins
import functools
import signal
import time
import types

import pytest

import memod


class TimeLimit(Exception):
    pass


@pytest.mark.parametrize("error", [TimeoutError, OSError, ConnectionError, ValueError, TimeLimit, KeyError])
@pytest.mark.parametrize("options", [{}, {"ttl": 60}, {"single_flight": True}], ids=lambda each: "-".join(each) or "plain")
def test_what_a_signal_handler_raises_reaches_the_program(fake, error, options):
    def handler(number, frame):
        raise error("out of time")

    f = memod.lru_cache(name="slow", **options)(lambda x: x)
    f(0)
    fake.fault = lambda *_: time.sleep(0.3)
    before = signal.signal(signal.SIGALRM, handler)
    try:
        for wait in (0.05, 0.1):
            signal.setitimer(signal.ITIMER_REAL, wait)
            with pytest.raises(error):
                f(wait)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    fake.fault = None
    assert f(5) == 5


@pytest.mark.parametrize("handler", ["bound", "partial", "callable"])
def test_whatever_the_handler_is(fake, handler):
    class Limit:
        def stop(self, *_):
            raise TimeoutError("out of time")

        __call__ = stop

    limit = {"bound": Limit().stop, "partial": functools.partial(Limit.stop, Limit()), "callable": Limit()}[handler]
    f = memod.lru_cache(name="slow")(lambda x: x)
    f(0)
    fake.fault = lambda *_: time.sleep(0.3)
    before = signal.signal(signal.SIGALRM, limit)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(TimeoutError, match="out of time"):
            f(1)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def step_through(coroutine):
    """Runs a coroutine as another library than asyncio does."""
    steps = 0
    try:
        while True:
            coroutine.send(None)
            steps += 1
    except StopIteration as stop:
        return stop.value, steps


@types.coroutine
def pause():
    yield "to a loop that is not asyncio's"


def test_under_another_event_loop_it_computes(daemon):
    calls = []

    @memod.lru_cache(name="elsewhere")
    async def f(x):
        calls.append(x)
        await pause()
        return x * 2

    assert step_through(f(2)) == (4, 1) and step_through(f(2)) == (4, 0)
    step_through(f.forget(2))
    assert step_through(f.refresh(2))[0] == 4
    assert calls == [2, 2]


@pytest.mark.parametrize("name", ["len", "isinstance", "getattr", "sorted", "hash", "repr", "id", "type"])
@pytest.mark.parametrize("with_daemon", [True, False])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_memoized_builtin(name, with_daemon, request, monkeypatch):
    if with_daemon:
        request.getfixturevalue("daemon")
    if name == "type":  # a class cannot be replaced for all
        pytest.skip("isinstance needs it")
    original = getattr(builtins, name)
    cached = memod.lru_cache(4)(original)
    f = memod.lru_cache(lambda x: x + 1)
    setattr(builtins, name, cached)
    try:
        arguments = {"isinstance": (1, int), "getattr": ("a", "upper"), "len": ((1, 2),), "sorted": ((2, 1),)}.get(name, (5,))
        found = [cached(*arguments) for _ in range(2)]
        assert f(1) == 2
    finally:
        setattr(builtins, name, original)
    if name == "getattr":
        found = [each() for each in found]
        assert found == ["A", "A"]
    else:
        assert found == [original(*arguments)] * 2


def test_more_functions_than_the_daemon_lets_one_connection_watch(daemon, client):
    functions = [memod.lru_cache(name=f"many-{n}")(lambda x: x + 1) for n in range(1_100)]
    for each in functions:
        each(1)
    assert client.info("many-1099")["currsize"] == 1
    deadline = time.monotonic() + 60
    client.clear(fn="many-1099")
    while functions[-1].cache_info().currsize and time.monotonic() < deadline:
        time.sleep(0.01)
    assert functions[-1].cache_info().currsize == 0
