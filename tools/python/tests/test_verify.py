"""Hits of the daemon that are computed again and compared; results that must not reach the disk."""

import asyncio
import warnings
from collections import Counter

import pytest

import memod
from memod._client.connection_pool import POOL
from memod._decorator.listener import LISTENER
from memod._decorator.verification import same


def function(values, **options):
    """A function that returns what `values` has for its argument at the time."""
    calls = Counter()

    def look(key):
        calls[key] += 1
        found = values[key]
        if isinstance(found, Exception):
            raise found
        return found

    made = memod.lru_cache(maxsize=None, name="looked", **options)(look)
    made.calls = calls
    return made


def test_a_share_of_hits_is_computed_again(daemon):
    values = {number: [number] for number in range(400)}
    first = function(values)
    for number in values:
        first(number)
    for share, least, most in ((1, 400, 400), (0.5, 100, 300), (0, 0, 0), (None, 0, 0)):
        again = function(values, verify=share)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert [again(number) for number in values] == list(values.values())
        assert least <= again.calls.total() if hasattr(again.calls, "total") else True
        assert sum(again.calls.values()) <= most
        # Those that were verified are hits all the same.
        assert again.cache_info().hits + again.cache_info().misses == 400


def test_a_mismatch_is_said_and_the_new_result_replaces_the_old(daemon, client):
    function({1: "old"})(1)
    again = function({1: "new"}, verify=1.0)
    with pytest.warns(RuntimeWarning, match=r"looked|look") as record:
        assert again(1) == "new"
    message = str(record[0].message)
    assert "look(1)" in message and "'old'" in message and "'new'" in message
    assert client.get("looked", [1]) == "new"
    assert function({})(1) == "new"


def test_the_first_hit_of_each_function(daemon, monkeypatch):
    values = {number: number for number in range(10)}
    first = function(values)
    for number in values:
        first(number)
    monkeypatch.setenv("MEMOD_VERIFY", "first")
    again = function(values)
    assert [again(number) for number in values] == list(values)
    assert sum(again.calls.values()) == 1 and again.calls[0] == 1
    silent = function(values, verify=0)
    silent(3)
    assert not silent.calls
    monkeypatch.setenv("MEMOD_VERIFY", "1.0")
    every = function(values)
    assert [every(number) for number in values] == list(values) and sum(every.calls.values()) == 10
    monkeypatch.setenv("MEMOD_VERIFY", "often")
    with pytest.warns(RuntimeWarning, match="MEMOD_VERIFY"):
        function(values)


def test_a_function_that_raises_leaves_what_was_kept(daemon):
    function({1: "kept"})(1)
    again = function({1: ValueError("now")}, verify=1.0)
    with pytest.warns(RuntimeWarning, match="could not be verified"):
        assert again(1) == "kept"


def test_coroutines_are_verified_too(daemon):
    async def once(result, verify):
        @memod.lru_cache(maxsize=None, name="verified.async", verify=verify)
        async def function(key):
            return result

        return await function(1)

    assert asyncio.run(once("old", None)) == "old"
    with pytest.warns(RuntimeWarning, match="replaces the old"):
        assert asyncio.run(once("new", 1.0)) == "new"
    assert asyncio.run(once("other", None)) == "new"


@pytest.mark.parametrize("decorator", [memod.lru_cache, memod.cache, memod.memoize])
def test_every_decorator_takes_it(decorator):
    assert decorator(verify=0.01, name="x")(lambda x: x)(1) == 1
    for wrong, error in ((2, ValueError), (-1, ValueError), ("all", TypeError), (True, TypeError)):
        with pytest.raises(error, match="verify"):
            decorator(verify=wrong)


def test_results_are_compared_by_type_too():
    nan = float("nan")
    assert same(nan, float("nan")) and same([1, {2, 3}], [1, {3, 2}]) and same({1: 2, 3: 4}, {3: 4, 1: 2})
    assert not same(1, 1.0) and not same([1], [True]) and not same((1,), [1]) and not same(0.0, -0.0)
    numpy = pytest.importorskip("numpy")
    assert same(numpy.arange(3), numpy.arange(3)) and not same(numpy.arange(3), numpy.arange(3.0))


def test_the_daemon_hears_of_it_where_it_listens(fake):
    def report(features):
        def fault(request, connection):
            if request["op"] == "hello":
                return {"ok": True, "server": "memod", "protocol": 1, "limits": {}, "features": features}
            return None

        fake.fault = fault
        LISTENER.stop()
        LISTENER.forget()
        POOL.reset()
        fake.requests.clear()
        again = function({1: "new", 2: 2}, verify=1.0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            again(1), again(2), again(2)
        LISTENER.report()
        return [request for request in fake.requests if request["op"] == "report"]

    first = function({1: "old", 2: 2})
    first(1), first(2)
    before = report(["region"])
    assert before and not any("verified" in each for each in before)
    first(1)
    POOL.reset()
    function({1: "old"}).refresh(1)
    (told,) = [each for each in report(["verify"]) if "verified" in each]
    assert told["verified"] == 2 and told["mismatched"] == 1
    assert told["mismatch"]["kept"] == "'old'" and told["mismatch"]["computed"] == "'new'"
    assert len(told["mismatch"]["digest"]) == 32


def test_the_daemon_counts_it_and_keeps_what_differed(daemon, client):
    first = function({1: "old", 2: 2})
    first(1), first(2)
    again = function({1: "new", 2: 2}, verify=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again(1), again(2)
    LISTENER.report()
    info = client.info("looked")
    assert info["verified"] == 2 and info["mismatched"] == 1
    (row,) = client.info("looked", mismatches=True)["mismatches"]
    assert row["kept"] == "'old'" and row["computed"] == "'new'" and len(row["digest"]) == 32


def test_without_persistence_results_stay_in_the_process_of_an_older_daemon(fake):
    def fault(request, connection):
        if "persist" in request:
            return {"ok": False, "error": {"code": "bad_request", "message": "unknown field"}}
        return None

    fake.fault = fault
    secret = memod.lru_cache(maxsize=None, name="secret", persist=False)(lambda x: x)
    with pytest.warns(memod.NotKeptWarning, match="persist=False") as record:
        assert [secret(number) for number in range(5)] == list(range(5))
    assert len(record) == 1 and fake.count("put") == 0 and fake.count("define") == 1
    assert secret.cache_scope() == "process" and "persist" in secret.cache_scope().reason


def test_without_persistence_the_daemon_is_told_before_any_result(fake):
    def fault(request, connection):
        if request["op"] == "define" and "persist" in request:
            return {"ok": True, "persist": request["persist"]}
        return None

    fake.fault = fault
    secret = memod.lru_cache(maxsize=None, name="secret", persist=False)(lambda x: x)
    assert secret(1) == 1 and fake.count("put") == 1
    operations = [request["op"] for request in fake.requests]
    assert operations.index("define") < operations.index("get") < operations.index("put")
    assert [request["persist"] for request in fake.requests if request["op"] == "define"] == [False]
