"""No daemon, a dying one, a slow one, one that talks nonsense: the function computes."""

import json
import random
import socket
import threading
import time
import warnings

import pytest

import memod
from memod._client.connection_pool import POOL
from test_options import named, until


@pytest.fixture(autouse=True)
def short_timeout(monkeypatch):
    monkeypatch.setenv("MEMOD_TIMEOUT", "150ms")


def caught(work):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        result = work()
    return result, [each for each in found if issubclass(each.category, RuntimeWarning)]


def test_one_warning_and_no_exception_even_where_warnings_are_errors():
    f = named()(lambda x: x)
    (warning,) = caught(lambda: [f(n) for n in range(50)])[1]
    assert warning.filename == __file__  # where the program called it, not where we noticed
    POOL._warned = False
    POOL.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f(77) == 77


def test_without_a_daemon_it_is_not_asked_for_at_every_call():
    f = named()(lambda x: x)
    f(0)
    times = []
    for n in range(2000):
        started = time.perf_counter()
        f(n)
        times.append(time.perf_counter() - started)
    assert sorted(times)[1000] < 0.0005


def test_a_daemon_that_appears_is_found(fake):
    fake.stop()
    f = named()(lambda x: x)
    assert len(caught(lambda: f(0))[1]) == 1
    fake.start()
    numbers = iter(range(1, 1 << 30))
    until(lambda: f(next(numbers)) and fake.count("put") > 0)


def nonsense(reply):
    def fault(request, connection):
        if request["op"] == "get":
            connection.sendall(reply)
            return True
        return None

    return fault


GARBAGE = [
    b"\n\n\nnot json\n",
    b"[]\n",
    b"7\n",
    b"null\n",
    b'{"ok":true,"hit":true}\n',
    b'{"ok":false}\n',
    b"{}\n",
    b'{"ok":true,"hit":true,"value":{"$memod":"dataclass","t":"os:system","v":[]}}\n',
    b"\xff\xfe\n",
    b"{" * 100_000 + b"\n",
    b'{"ok":false,"error":{"code":"busy","message":"later"}}\n',
    b'{"ok":false,"error":{"code":"storage","message":""}}\n',
    b'{"ok":true,"hit":"yes","value":1}\n',
    b'{"ok":true,"hit":true,"value":{"$memod":"int","v":1}}\n',
    b'{"ok":false,"error":{"code":"shutting_down","message":"bye"}}\n',
    b'{"event":"lost"}\n{"ok":true,"hit":false}\n',
]


@pytest.mark.parametrize("reply", GARBAGE, ids=[str(n) for n in range(len(GARBAGE))])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nonsense_changes_no_result(fake, reply):
    fake.fault = nonsense(reply)
    f = named()(lambda x: [x, "own"])
    for n in range(5):
        if reply == b'{"ok":true,"hit":true}\n':
            assert f(n) in ([n, "own"], None)  # it is a hit of null, as far as anyone can tell
        else:
            assert f(n) == [n, "own"]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("operation", ["hello", "subscribe", "info", "define", "get", "put"])
@pytest.mark.parametrize("how", ["close", "hang", "refuse", "dribble"])
def test_a_daemon_that_fails_at_any_step(fake, operation, how):
    def fault(request, connection):
        if request["op"] != operation:
            return None
        if how == "close":
            connection.shutdown(socket.SHUT_RDWR)
        elif how == "hang":
            ended.wait(5)
        elif how == "refuse":
            return {"ok": False, "error": {"code": "too_many_connections", "message": "full"}}
        else:
            for _ in range(20):
                connection.sendall(b" ")
                if ended.wait(0.05):
                    break
        return True

    ended = threading.Event()
    fake.fault = fault
    f = named(single_flight=True)(lambda x: x * 2)
    g = memod.lru_cache(maxsize=5, name="bounded")(lambda x: x * 3)
    try:
        started = time.monotonic()
        result, found = caught(lambda: [f(n) + g(n) for n in range(20)])
        assert result == [n * 5 for n in range(20)]
        assert time.monotonic() - started < 2.5
        assert len(found) <= 1
        f.cache_clear()
        f.forget(1)
        assert f.refresh(1) == 2
    finally:
        ended.set()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_slow_daemon_costs_a_bounded_part_of_the_time(fake):
    def slow(request, _):
        if request["op"] == "get":
            time.sleep(0.4)

    fake.fault = slow
    f = named()(lambda x: time.sleep(0.002) or x)
    started = time.monotonic()
    for n in range(200):
        assert f(n) == n
    assert time.monotonic() - started < 1.5


def test_what_is_not_stored_is_kept_here(fake):
    fake.fault = lambda request, _: (
        {"ok": True, "stored": False, "reason": "too_large"} if request["op"] == "put" else None
    )
    calls = []
    f = named()(lambda x: calls.append(x) or x)
    assert [f(1), f(1)] == [1, 1] and calls == [1]


def test_results_too_large_for_a_line_are_kept_here(fake):
    fake.limits = {"max_line": 1 << 20}
    f = named()(lambda x: "x" * (x << 20))
    with pytest.warns(memod.NotKeptWarning, match="--max-line"):
        assert len(f(1)) == 1 << 20 and f(1) is f(1)
    assert fake.count("put") == 0


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_random_deaths(fake):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)

    def fault(request, connection):
        if chance.random() < 0.02:
            kind = chance.randrange(3)
            if kind == 0:
                connection.shutdown(socket.SHUT_RDWR)
            elif kind == 1:
                connection.sendall(b'{"ok": tr')
                connection.shutdown(socket.SHUT_RDWR)
            else:
                connection.sendall(json.dumps({"ok": True}).encode()[:-2] + b"\n")
            return True

    fake.fault = fault
    functions = [
        named(single_flight=k % 2 == 0, ttl=[None, 5][k % 2])(lambda x, k=k: [k, x]) for k in range(4)
    ]
    failures = []

    def work(k):
        for n in range(150):
            if functions[k](n % 40) != [k, n % 40]:
                failures.append((k, n))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert failures == []


def test_interrupts_reach_the_caller_and_leave_nothing_behind(fake, monkeypatch):
    import signal

    monkeypatch.setenv("MEMOD_TIMEOUT", "10")

    def hang(request, _):
        if request["op"] == "get" and request["key"] == [1]:
            signal.pthread_kill(main, signal.SIGALRM)
            time.sleep(0.1)

    class Interrupted(BaseException):
        pass

    def interrupt(*_):
        raise Interrupted

    main = threading.get_ident()
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        f = named(single_flight=True)(lambda x: x)
        assert f(0) == 0
        fake.fault = hang
        with pytest.raises(Interrupted):
            f(1)
        fake.fault = None
        assert f(1) == 1 and f(2) == 2 and fake.count("put") >= 2
    finally:
        signal.signal(signal.SIGALRM, before)
