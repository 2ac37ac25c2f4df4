"""`why` of what other machines have."""

from hosts import memoctl
from redis_server import wait_until
from test_rules import shared, values


def there(host, key, fn="f"):
    return host("why", fn=fn, key=key, remote=True)["remote"]


def test_why_says_what_other_machines_have_and_uses_nothing_of_it(redis, machines):
    a, b = machines.two(redis.url)
    assert there(b, 1) == {"state": "absent"}
    a.put(1, "value", cost_ms=70, ttl_ms=60000)
    reply = wait_until(lambda: there(b, 1)["state"] == "present" and there(b, 1))
    assert reply["bytes"] == 7 and reply["cost_ms"] == 70 and 50000 < reply["ttl_ms"] <= 60000
    assert b("why", fn="f", key=1)["state"] == "unknown" and "remote" not in b("why", fn="f", key=1)
    assert (b.remote["hits"], b.remote["misses"]) == (0, 0)
    assert b("why", fn="f", key=1, remote=False)["state"] == "unknown"
    line = memoctl(b, "why", "--remote", "f", "1").stdout.splitlines()[1]
    assert line.startswith("other machines: present: 7 B, fresh for another ")
    a.delete(1)
    assert there(b, 1)["state"] == "deleted"
    a.put(2, "old")
    wait_until(lambda: there(a, 2)["state"] == "present")
    assert a.clear() == "done"
    wait_until(lambda: there(b, 2)["state"] == "outdated")
    a.put(3, "spoilt")
    wait_until(lambda: there(a, 3)["state"] == "present")
    for name in values(redis, machines):
        redis("SET", name, "nonsense, and longer than an envelope's header is", "PX", 60000)
    assert there(b, 3)["state"] == "unreadable"
    redis.kill()
    b.wait_for("down")
    assert there(b, 3)["state"] == "unreachable"
    redis.start()


def test_why_knows_what_is_not_shared_and_looks_on_the_disk_as_well(shared_redis, machines):
    a = machines.make(shared_redis.url, "--hot-bytes", "1MiB", functions="f").start()
    a.put(1, "v", fn="mine")
    assert there(a, 1, "mine")["state"] == "off"
    alone = machines.make(None).start(is_up=False)
    assert there(alone, 1) == {"state": "off"}
    for key in range(40):
        a.put(key, f"{key} " * 20000)
    a("sync")
    found = [a("why", fn="f", key=key, remote=True) for key in range(40)]
    assert {"cold", "hot"} == {reply["tier"] for reply in found}
    assert all(reply["remote"]["state"] in ("present", "absent") for reply in found)
    shared(a, a, 1, "again")
