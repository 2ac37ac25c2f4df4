"""What lru_cache can do beyond functools."""

import os
import time
import uuid
from datetime import timedelta

import pytest

import memod
from memod._decorator import lifetime


def named(**options):
    return memod.lru_cache(maxsize=None, name=options.pop("name", None) or str(uuid.uuid4()), **options)


def until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.002)


def twins(function, **options):
    """Two wrappers of one function under one name, as two processes would have them."""
    name = str(uuid.uuid4())
    return named(name=name, **options)(function), named(name=name, **options)(function)


def test_ttl_ends_entries_here_and_there(daemon):
    calls = []

    def f(x):
        calls.append(x)
        return x

    one, two = twins(f, ttl=0.15)
    assert one(1) == two(1) == one(1) == 1 and calls == [1]
    until(lambda: one(1) == 1 and len(calls) == 2)
    assert two(1) == 1 and len(calls) == 2


def test_a_late_reader_does_not_prolong_a_ttl(daemon):
    calls = []
    one, two = twins(lambda x: calls.append(x) or time.monotonic(), ttl=timedelta(milliseconds=300))
    made = one(1)
    time.sleep(0.2)
    assert two(1) == made  # it is kept for the 100 ms that are left
    until(lambda: two(1) != made, 0.25)


def test_a_ttl_holds_for_what_was_stored_without_one_or_for_longer(daemon):
    for before in ({}, {"ttl": 3600}, {"ttl": 0.01, "stale": 3600}):
        name, calls = str(uuid.uuid4()), []
        named(name=name, **before)(lambda: "old")()
        time.sleep(0.06)
        recent = named(name=name, ttl=0.05)(lambda: calls.append(1) or "new")
        assert recent() == "new" and calls == [1], before
        assert named(name=name)(lambda: "computed")() == "new"  # it has taken the other's place


def test_until_when_what_is_published_is_fresh(monkeypatch):
    monkeypatch.setattr(lifetime, "boot_ms", lambda: 1_000)
    # Stored 700 ms ago for a second: over, in the grace time, and not yet.
    assert [lifetime.until_published(1_300, 1_000, *times) for times in ((700, 0), (700, 1), (701, 0))] == [None, 0, 1_001]
    assert [lifetime.until_published(1_300, 1_000, 400, stale) for stale in (300, 301)] == [None, 0]


def test_a_maxsize_and_a_ttl(daemon):
    f = memod.lru_cache(maxsize=2, ttl=60, name=str(uuid.uuid4()))(lambda x: x)
    f(1), f(2), f(1), f(3)
    assert f.cache_info() == (1, 3, 2, 2)
    f(1)
    assert f.cache_info()[:2] == (2, 3), "the one that was used least recently has gone"
    with pytest.raises(TypeError):
        f([])
    assert f.cache_info() == (2, 3, 2, 2)
    f.cache_clear()
    assert f.cache_info() == (0, 0, 2, 0) and f(1) == 1


def test_what_is_removed_while_it_is_computed_is_not_kept(daemon):
    one, two = twins(lambda x: two.forget(x) or x, ttl=60)
    assert one(1) == 1 and one.cache_info().currsize == 0


def test_stale_results_are_served_while_one_computes_and_when_it_fails(daemon):
    state = {"fails": False, "calls": 0}

    def f():
        state["calls"] += 1
        if state["fails"]:
            raise OSError("not now")
        return state["calls"]

    one, two = twins(f, ttl=0.05, stale=30)
    assert one() == 1
    time.sleep(0.08)
    state["fails"] = True
    assert one() == 1 and state["calls"] == 2  # it held the lease, failed, and served the stale value
    state["fails"] = False
    assert two() == 3


def test_early_recomputes_before_the_end(daemon):
    calls = []

    def f():
        calls.append(1)
        time.sleep(0.02)
        return len(calls)

    g = named(ttl=0.4, early=20)(f)
    g()
    deadline = time.monotonic() + 0.3
    while time.monotonic() < deadline and len(calls) < 2:
        g()
    assert len(calls) >= 2


def test_tags(daemon):
    calls = []
    f = named(tags=["red", "blue"])(lambda x: calls.append(x) or x)
    f(1), f(2), f(1)
    assert calls == [1, 2]
    assert daemon.memoctl("clear", "--tag", "blue").strip()
    until(lambda: f.cache_info().currsize == 0)
    f(1)
    assert calls == [1, 2, 1]


def test_ignore(daemon):
    calls = []

    @named(ignore=("verbose",))
    def f(x, verbose=False, *, y=0):
        calls.append((x, verbose, y))
        return x + y

    assert f(1) == f(1, True) == f(1, verbose=True) == f(1, object()) == 1
    assert len(calls) == 1 and f.cache_info()[:2] == (3, 1)
    assert f(1, True, y=1) == 2 and len(calls) == 2
    with pytest.raises(ValueError, match="no parameter verbos "):
        named(ignore=("verbos",))(f.__wrapped__)


def test_key(daemon):
    calls = []

    def f(record, unit):
        calls.append(record["id"])
        return f"{record['name']} {unit}"

    one, two = twins(f, key=lambda record, unit: [record["id"], unit])
    record = {"id": 7, "name": "seven", "socket": object()}
    assert one(record, "kg") == two(record, "kg") == one(record, unit="kg") == "seven kg"
    assert calls == [7] and one(record, "g") == "seven g" and calls == [7, 7]


def test_refresh_and_forget(daemon):
    calls = []
    one, two = twins(lambda x: calls.append(x) or len(calls))
    assert (one(5), one(6), two(5), two(6)) == (1, 2, 1, 2)
    assert one.refresh(5) == 3
    assert one(5) == 3
    until(lambda: two(5) == 3)  # the event of the new value drops the old one
    one.forget(6)
    assert one(6) == 4 and two(6) == 4
    assert one(5) == 3


def test_refresh_and_forget_within_the_process():
    calls = []
    f = memod.lru_cache(lambda x: calls.append(x) or len(calls))
    assert (f(5), f(5), f.refresh(5), f(5)) == (1, 1, 2, 2)
    f.forget(5)
    assert f(5) == 3


def test_single_flight_is_safe_under_recursion(daemon):
    @named(single_flight=True)
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    started = time.monotonic()
    assert fib(30) == 832040

    @named(single_flight=True, key=lambda n: 0)
    def knot(n):
        return n if n == 0 else knot(n - 1)

    assert knot(3) == 0
    assert time.monotonic() - started < 5


def test_single_flight_releases_what_cannot_be_stored(daemon):
    f = named(single_flight=True)(lambda x: object())
    g = named(single_flight=True)(lambda x: 1 / x)
    started = time.monotonic()
    f(1)
    with pytest.raises(ZeroDivisionError):
        g(0)
    for again in twins(lambda: object(), single_flight=True):
        again()
    assert time.monotonic() - started < 3


def test_what_cannot_come_back_stays_in_the_process(daemon, client):
    class Local:
        pass

    one, two = twins(lambda x: Local())
    assert one(1) is one(1) and two(1) is not one(1)
    assert client.info(one_name(client))["currsize"] == 0


def one_name(client):
    return client.functions()["functions"][0]["fn"]


class Point:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return self.x == other.x

    __hash__ = None


def test_pickles_are_opt_in_and_signed(daemon, client, tmp_path):
    name = str(uuid.uuid4())
    calls = []
    one, two = (
        named(name=name, serializer="pickle")(lambda x: calls.append(x) or Point(x)) for _ in range(2)
    )
    plain = named(name=name)(lambda x: calls.append(x) or Point(x))
    assert one(1) == two(1) == Point(1) and calls == [1]
    key = tmp_path / "config" / "memod" / "pickle.key"
    assert key.stat().st_mode & 0o777 == 0o600 and key.stat().st_size == 32
    assert plain(1) == Point(1) and calls == [1, 1]  # did not ask for pickles

    # A pickle that somebody else made, or moved to another key, is not opened.
    boom = f"cos\nsystem\n(S'touch {tmp_path}/opened'\ntR."
    import base64

    stored = client.get(name, [1])
    for value in (
        {"$memod": "pickle", "v": base64.b64encode(boom.encode()).decode(), "mac": "00" * 32},
        {"$memod": "pickle", "v": base64.b64encode(boom.encode()).decode(), "mac": 5},
        stored,
    ):
        from memod._client.connection import Connection, encode_request

        raw = Connection()
        raw.exchange([encode_request({"op": "put", "fn": name, "key": [2], "value": value})])
        raw.close()
        two.cache_info()
        fresh = named(name=name, serializer="pickle")(lambda x: Point(-x))
        assert fresh(2) == Point(-2)
        client.delete(name, [2])
    assert not os.path.exists(tmp_path / "opened")


def test_a_key_file_that_others_can_read_is_refused(daemon, tmp_path, monkeypatch):
    key = tmp_path / "loose.key"
    key.write_bytes(b"x" * 32)
    key.chmod(0o644)
    monkeypatch.setenv("MEMOD_PICKLE_KEY", str(key))
    calls = []
    one, two = twins(lambda x: calls.append(x) or Point(x), serializer="pickle")
    assert one(1) == two(1) and calls == [1, 1]


@pytest.mark.parametrize(
    "options, error",
    [
        ({"ttl": -1}, ValueError),
        ({"ttl": "1"}, TypeError),
        ({"stale": 1}, ValueError),
        ({"early": 1}, ValueError),
        ({"tags": "red"}, TypeError),
        ({"tags": [""]}, ValueError),
        ({"tags": ["x"] * 17}, ValueError),
        ({"name": ""}, ValueError),
        ({"name": "x" * 513}, ValueError),
        ({"key": 1}, TypeError),
        ({"serializer": "yaml"}, ValueError),
        ({"version": 1.5}, TypeError),
        ({"tll": 5}, TypeError),
    ],
)
def test_wrong_options_are_named(options, error):
    with pytest.raises(error) as raised:
        memod.lru_cache(**options)
    assert next(iter(options)) in str(raised.value)


def test_options_are_checked_by_name():
    for name in ("bogus", "ttl_ms", "stale_ms"):
        with pytest.raises(TypeError, match=rf"lru_cache\(\) got an unexpected keyword argument '{name}'"):
            memod.lru_cache(**{name: 1})
