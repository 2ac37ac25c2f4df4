"""Client and AsyncClient: every operation, pipelines, errors."""

import asyncio
import datetime
import os
import threading

import pytest

import memod
from memod._client import operations


def test_hello(client, daemon):
    found = client.hello()
    assert (found["server"], found["protocol"]) == ("memod", 1) and found["limits"] == client.limits
    with memod.Client() as watcher:
        watcher.subscribe("f")
        for again in (False, True):
            if again:
                client._connection.close()
            else:
                assert client.hello("another")["instance"] == found["instance"]
            client.put("f", 1, 1)
            client.delete("f", 1)
            names = {event["client"] for event in watcher.events(0.2)}
            assert names == {"another"}
    with pytest.raises(memod.ReplyError):
        client.hello("x" * 1000)

    async def ask():
        async with memod.AsyncClient() as other:
            found = await other.hello("third")
            assert other._name == "third"
            return found["instance"]

    assert asyncio.run(ask()) == found["instance"]


def test_every_operation(client, tmp_path):
    assert client.ping() is None and client.sync() is None
    assert client.limits["max_fn"] == 512
    assert client.get("f", [1]) is None and client.get("f", [1], default=7) == 7
    assert client.put("f", [1], {"a": [1, None]}, tags=["t"], cost_ms=20) is True
    assert client.get("f", [1]) == {"a": [1, None]}
    assert client.put("f", [1], 2, if_absent=True) is False
    found = client.fetch("f", [1], meta=True)
    assert found.hit and found.value == {"a": [1, None]} and found.meta["cost_ms"] == 20 and not found.stale
    assert client.mput("f", [(2, "two"), ((3,), datetime.date(2024, 1, 1))], ttl_ms=60_000) == 2
    assert [each.value for each in client.mget("f", [2, (3,), 4])] == ["two", datetime.date(2024, 1, 1), None]
    assert client.touch("f", 2, None) is True and client.touch("f", 9, None) is False
    assert client.delete("f", 2) == 1 and client.delete("f", 2) == 0
    assert client.why("f", 2)["state"] == "deleted"
    assert client.clear(tag="t") == 1
    profile = client.define("f", maxsize=5, typed=False)
    assert profile["maxsize"] == 5
    client.report("f", 3, 10)
    info = client.info("f")
    assert (info["hits"], info["maxsize"], info["currsize"]) == (3 + 4, 5, 1)
    assert [row["fn"] for row in client.functions(limit=10)["functions"]] == ["f"]
    assert [row["key"] for row in client.keys("f")["keys"]] == [(3,)]
    assert client.stats()["currsize"] == 1
    lease = client.fetch("f", "leased", lease_ms=1000).lease
    assert lease and client.fetch("f", "leased", lease_ms=1000).held
    assert client.release("f", "leased", lease) is True and client.release("f", "leased", lease) is False
    client.backup(str(tmp_path / "copy.db"))
    assert (tmp_path / "copy.db").stat().st_size > 0
    assert client.clear("f") == 1 and client.clear(all=True) == 0


def test_a_waiting_get_is_allowed_its_time(daemon):
    with memod.Client(timeout=0.2) as one, memod.Client(timeout=0.2) as two:
        lease = one.fetch("f", 1, lease_ms=60_000).lease
        timer = threading.Timer(0.4, lambda: one.put("f", 1, "late", lease=lease))
        timer.start()
        assert two.fetch("f", 1, lease_ms=60_000, wait_ms=10_000).value == "late"
        timer.join()


def test_typed_errors(client):
    with pytest.raises(memod.BadRequest) as raised:
        client.define("f", maxsize="many")
    assert raised.value.code == "bad_request" and "maxsize" in raised.value.message
    with pytest.raises(memod.TooLarge):
        client.put("f", "k" * (1 << 21), 1)
    with pytest.raises(memod.ReplyError):
        client.put("", 1, 1)
    with pytest.raises(memod.Unstorable):
        client.put("f", 1, object())
    with pytest.raises(TypeError, match="tll_ms"):
        client.put("f", 1, 1, tll_ms=5)
    with pytest.raises(TypeError):
        client.clear()
    assert client.put("f", 1, 1)  # the connection is as good as before


def test_pipelines(client):
    with client.pipeline() as pipeline:
        for n in range(500):
            pipeline.put("f", n, "x" * n)
        pipeline.get("f", 7)
        pipeline.touch("f", 1, -5)
        pipeline.delete("f", 7)
        pipeline.fetch("f", 7)
        assert len(pipeline) == 504
    assert pipeline.results[:500] == [True] * 500 and pipeline.results[500] == "x" * 7
    assert isinstance(pipeline.results[501], memod.BadRequest)
    assert pipeline.results[502] == 1 and pipeline.results[503].hit is False


def test_events(client, daemon):
    with memod.Client(client="watcher") as watcher:
        watcher.subscribe("f")
        client.put("f", (1, 2), 3)
        client.put("g", 1, 3)
        client.delete("f", (1, 2))
        client.clear("f")
        assert watcher.ping() is None
        found = list(watcher.events(timeout=0.2))
        assert [(each["event"], each["fn"]) for each in found] == [
            ("put", "f"),
            ("delete", "f"),
            ("clear", "f"),
        ]
        assert found[0]["key"] == (1, 2) and found[0]["client"] == "python"


def test_after_the_daemon_came_back(daemon):
    with memod.Client() as client:
        client.put("f", 1, 2, durable=True)
        client.subscribe("f")
        daemon.stop()
        with pytest.raises(memod.Unavailable):
            client.get("f", 1)
        with pytest.raises(memod.Unavailable):
            client.get("f", 1)
        daemon.start()
        assert client.get("f", 1) == 2
        assert [each["event"] for each in client.events(timeout=0.05)] == ["lost"]
    with pytest.raises(memod.Unavailable):
        client.ping()


def test_where_clients_look(daemon, tmp_path, monkeypatch):
    monkeypatch.delenv("MEMOD_SOCKET")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    (tmp_path / "run" / "memod").mkdir(parents=True)
    os.symlink(daemon.socket, tmp_path / "run" / "memod" / "memod.sock")
    with memod.Client() as client:
        client.ping()
    with memod.Client(daemon.socket) as client:
        client.ping()
    with pytest.raises(memod.Unavailable, match="nowhere"):
        memod.Client(str(tmp_path / "nowhere"))
    # As of a variable that is not set: no other daemon is meant.
    with pytest.raises(ValueError, match="empty"):
        memod.Client("")


def test_a_directory_in_tmp_must_be_ours(monkeypatch, tmp_path):
    from memod._client import address

    monkeypatch.delenv("MEMOD_SOCKET")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    private = tmp_path / "d"
    private.mkdir(mode=0o700)
    assert address._private(str(private))
    private.chmod(0o755)
    assert not address._private(str(private))
    private.chmod(0o700)
    (tmp_path / "link").symlink_to(private)
    assert not address._private(str(tmp_path / "link"))
    assert not address._private(str(tmp_path / "absent"))
    assert "/run/memod/memod.sock" in address.candidates()


def test_a_peer_of_another_user_is_not_talked_to(fake, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    from memod._client import address

    monkeypatch.setattr(
        address, "_CREDENTIALS", type("C", (), {"size": 12, "unpack": lambda self, b: (1, 77, 77)})()
    )
    with pytest.raises(memod.Unavailable, match="uid 77"):
        memod.Client()


def test_async_client(daemon, tmp_path):
    async def main():
        async with memod.AsyncClient() as client, memod.AsyncClient() as other:
            await client.ping()
            await client.subscribe()
            assert await client.put("f", (1,), {2}) is True
            assert await client.get("f", (1,)) == {2} and await client.get("f", 5, 6) == 6
            assert await asyncio.gather(*[client.put("g", n, n) for n in range(50)]) == [True] * 50
            assert [each.value for each in await client.mget("g", range(3))] == [0, 1, 2]
            assert await other.execute([operations.get("g", 1, None), operations.delete("g", 1)]) == [1, 1]
            kinds = [each["event"] async for each in client.events(timeout=0.2)]
            assert kinds == ["put"] * 51 + ["delete"]
            with pytest.raises(memod.BadRequest):
                await client.touch("f", 1, -1)
            assert await client.mput("h", [(1, 1)]) == 1 and await client.clear("h") == 1
            assert (await client.define("h", maxsize=3))["maxsize"] == 3
            assert (await client.info("h"))["maxsize"] == 3
            await client.report("h", 2)
            lease = (await client.fetch("h", 1, lease_ms=100)).lease
            assert await client.release("h", 1, lease)
            assert (await client.why("g", 1))["state"] == "deleted"
            assert len((await client.keys("g"))["keys"]) == 49
            assert {row["fn"] for row in (await client.functions())["functions"]} >= {"f", "g"}
            assert (await client.stats())["currsize"] == 50
            await client.sync()
            await client.backup(str(tmp_path / "copy.db"))
            assert await client.delete("f", (1,)) == 1
        with pytest.raises(memod.Unavailable):
            await client.ping()

    asyncio.run(main())


def test_clients_of_threads_take_turns(client):
    failures = []

    def work(k):
        for n in range(50):
            client.put("f", [k, n], [k, n])
            if client.get("f", [k, n]) != [k, n]:
                failures.append((k, n))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize("text", ["abc", "-1", "inf", "nan", "0", "1h", "1 s"])
def test_a_timeout_that_makes_no_sense_is_complained_of_once(text, monkeypatch):
    from memod._client import address

    monkeypatch.setenv("MEMOD_TIMEOUT", text)
    monkeypatch.setattr(address, "_complained", set())
    with pytest.warns(RuntimeWarning) as found:
        assert address.timeout() == address.timeout() == 1.0
    assert len(found) == 1
    assert f"MEMOD_TIMEOUT={text!r} is no time like 0.5, 250ms, 2s or 1m" in str(found[0].message)


@pytest.mark.parametrize("text, seconds", [("", 1), ("2", 2), (" 250ms ", 0.25), ("1.5s", 1.5), ("2m", 120)])
def test_timeouts(text, seconds, monkeypatch, recwarn):
    from memod._client import address

    monkeypatch.setenv("MEMOD_TIMEOUT", text)
    assert address.timeout() == seconds and not recwarn


def test_mput_takes_pairs_and_the_entries_of_the_protocol(client):
    entries = [("a", 1), ["b", (2,)], {"key": "c", "value": 3, "ttl_ms": 60_000, "tags": ["t"]}]
    assert client.mput("several", entries, cost_ms=5) == 3
    assert [entry.value for entry in client.mget("several", "abc")] == [1, (2,), 3]
    assert client.fetch("several", "c", meta=True).meta["ttl_ms"] <= 60_000
    assert client.fetch("several", "a", meta=True).meta["cost_ms"] == 5
    assert client.mput("several", {"d": 4}.items()) == 1 and client.get("several", "d") == 4
    assert client.clear(tag="t") == 1


@pytest.mark.parametrize(
    "entries",
    [
        ["ab"],
        [{"key": "x", "value": 1, "tll_ms": 1}],
        [{"key": "x"}],
        [{"x": 1, "y": 2}],
        [("x", 1, 2)],
        [("x",)],
        [{"x", 1}],
        [1],
        {"x": 1},
        "ab",
        [("x", 1), None],
        [{"key": "x", "value": 1, "tags": "t"}],
    ],
    ids=lambda each: f"{type(each).__name__}-{len(str(each))}",
)
def test_mput_refuses_what_it_cannot_read(client, entries):
    with pytest.raises(TypeError, match="entr|tags"):
        client.mput("refused", entries)
    assert client.info("refused")["currsize"] == 0


def test_operations_that_an_older_daemon_lacks_say_so(client):
    for call in (client.history, client.advise, lambda: client.forget(pattern="x*")):
        try:
            assert isinstance(call(), dict)
        except memod.ReplyError as error:
            assert error.code in ("unknown_op", "bad_request")
    with pytest.raises(TypeError, match="one of"):
        client.forget("f", pattern="x*")
    with pytest.raises(TypeError, match="one of"):
        client.clear("f", pattern="x*")
