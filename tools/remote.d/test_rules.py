"""What sharing between machines promises, with real daemons, helpers and a real Redis."""

import os
import signal
import time

from redis_server import wait_until


def shared(a, b, key, value, fn="f"):
    """A result that a computed, and b has from it."""
    a.put(key, value, fn=fn)
    wait_until(lambda: b.get(key, fn=fn, meta=True) == value, what="the result comes over")


def names(redis, machines, what=""):
    return [n for n in redis("KEYS", f"memod:v1:*{machines.namespace}*") if what.encode() in n]


def values(redis, machines):
    return [n for n in names(redis, machines) if n.endswith(b":v")]


def test_what_one_host_computed_the_next_has(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    lease = a("get", fn="f", key=[1, "x"], lease_ms=5000)["lease"]
    a.put([1, "x"], {"n": 1}, lease=lease, cost_ms=120)
    wait_until(lambda: values(shared_redis, machines), what="it is there")
    reply = b("get", fn="f", key=[1, "x"], meta=True, lease_ms=5000)
    assert (reply["hit"], reply["value"], reply["tier"]) == (True, {"n": 1}, "remote")
    assert reply["cost_ms"] == 120
    assert b("get", fn="f", key=[1, "x"], meta=True)["tier"] == "hot"


def test_r1_a_local_hit_asks_nobody(shared_redis, machines):
    a = machines.make(shared_redis.url).start()
    a.put(1, "v")
    wait_until(lambda: a.remote["puts"] == 1)
    os.kill(a.helper, signal.SIGSTOP)
    try:
        began = time.monotonic()
        for _ in range(2000):
            assert a.get(1) == "v"
        assert time.monotonic() - began < 10
        assert (a.remote["hits"], a.remote["misses"], a.remote["timeouts"], a.remote["skipped"]) == (0, 0, 0, 0)
    finally:
        os.kill(a.helper, signal.SIGCONT)


def test_r2_without_a_server_everything_works_and_nothing_waits(machines):
    a = machines.make("redis+unix:///nowhere/redis.sock").start(is_up=False)
    wait_until(lambda: "No such file" in a.remote["reason"] or "no such file" in a.remote["reason"])
    assert a.remote["state"] == "down"
    for key in range(200):
        assert a.get(key) is None
        a.put(key, key)
        assert a.get(key) == key
    assert a("clear", fn="f")["remote"] == "queued"
    assert a.get(1) is None
    assert a.remote["timeouts"] == 0 and a.remote["pending_clears"] == 1


def test_r2_the_helper_killed_again_and_again_under_load_costs_misses_only(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    for round in range(6):
        for key in range(150):
            reply = a("get", fn="f", key=[round, key], lease_ms=1000)
            if not reply["hit"]:
                assert a.put([round, key], key, lease=reply["lease"])["stored"]
            if key % 50 == 25:
                helper = b.helper if round % 2 else a.helper
                if helper:
                    os.kill(helper, signal.SIGKILL)
            assert b.get([round, key]) in (None, key)
    for host in (a, b):
        host.wait_for("up", 20)


def test_r3_an_entry_that_was_tampered_with_is_a_miss(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    a.put(1, "genuine")
    name = wait_until(lambda: values(shared_redis, machines))[0]
    envelope = bytearray(shared_redis("GET", name))
    for place in range(17, len(envelope)):
        changed = bytearray(envelope)
        changed[place] ^= 0x20
        shared_redis("SET", name, bytes(changed), "PX", 60000)
        assert b.get(1, remote=True) is None
        b.forget_locally(shared_redis, machines.namespace)
    for cut in range(0, len(envelope), 7):
        shared_redis("SET", name, bytes(envelope[:cut]) or b"x", "PX", 60000)
        assert b.get(1) is None
    assert b.remote["errors"] > 20


def test_r3_the_entry_of_another_key_is_a_miss(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    a.put(1, "one")
    first = wait_until(lambda: values(shared_redis, machines))[0]
    a.put(2, "two")
    second = wait_until(lambda: [n for n in values(shared_redis, machines) if n != first])[0]
    shared_redis("SET", second, shared_redis("GET", first), "PX", 60000)
    assert b.get(2) is None and b.get(1) == "one"


def test_r4_a_clear_that_was_acknowledged_is_heard_by_the_others_within_a_second(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    for round in range(10):
        shared(a, b, ["r", round], round)
        assert a.clear() == "done"
        wait_until(lambda: b.get(["r", round]) is None, seconds=1, what="the clear is heard")


def test_r4_a_delete_that_was_acknowledged_is_heard_by_the_others_within_a_second(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    shared(a, b, 1, "old")
    shared(a, b, 2, "kept")
    assert b.delete(1) == "done"
    wait_until(lambda: a.get(1) is None, seconds=1, what="the delete is heard")
    assert a.get(2) == "kept" and b.get(2) == "kept"


def test_r5_what_is_cleared_by_name_is_cleared_where_it_was_never_used(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    a.put(1, "v", fn="elsewhere")
    wait_until(lambda: values(shared_redis, machines))
    assert b.clear("elsewhere") == "done"
    wait_until(lambda: a.get(1, fn="elsewhere") is None, seconds=1)
    assert b.get(1, fn="elsewhere") is None


def test_r5_a_clear_of_all_and_one_of_a_tag_are_heard(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    a.put(0, "makes the tag known", tags=["t"])
    wait_until(lambda: [n for n in names(shared_redis, machines, ":e")])
    wait_until(lambda: a.put(1, "tagged", tags=["t"]) and b.get(1) == "tagged", seconds=3)
    shared(a, b, 2, "plain")
    assert b("clear", tag="t", wait_remote_ms=2000)["remote"] == "done"
    wait_until(lambda: a.get(1) is None, seconds=1)
    assert a.get(2) == "plain"
    assert b("clear", all=True, wait_remote_ms=2000)["remote"] == "done"
    wait_until(lambda: a.get(2) is None, seconds=1)


def test_r6_what_was_begun_before_a_clear_is_not_shared_after_it(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    shared(a, b, 0, "both know the function")
    lease = a("get", fn="f", key=1, lease_ms=30000)["lease"]
    assert b.clear() == "done"
    a.put(1, "of before", lease=lease)
    time.sleep(0.2)
    assert b.get(1) is None
    wait_until(lambda: a.get(1) is None, seconds=1)


def test_r7_a_clear_while_the_servers_are_gone_holds_after_a_crash(redis, machines):
    a, b = machines.two(redis.url)
    shared(a, b, 1, "cleared")
    redis.signal(signal.SIGSTOP)
    assert a("clear", fn="f")["remote"] == "queued"
    assert a.get(1) is None
    a.kill()
    a.start(is_up=False)
    redis.signal(signal.SIGCONT)
    # From its first answer on.
    end = time.monotonic() + 30
    while a.remote["state"] != "up" or a.remote["pending_clears"]:
        assert a.get(1) is None
        assert time.monotonic() < end
    assert a.get(1) is None
    b.wait_for("up", 20)
    wait_until(lambda: b.get(1) is None, seconds=2, what="the clear is heard")


def test_r8_a_delete_while_the_servers_are_gone_holds_after_a_crash(redis, machines):
    a, b = machines.two(redis.url)
    shared(a, b, 1, "deleted")
    redis.signal(signal.SIGSTOP)
    assert a("delete", fn="f", key=1)["remote"] == "queued"
    a.kill()
    a.start(is_up=False)
    redis.signal(signal.SIGCONT)
    end = time.monotonic() + 30
    while a.remote["state"] != "up" or a.remote["pending_clears"]:
        assert a.get(1) is None
        assert time.monotonic() < end
    b.wait_for("up", 20)
    wait_until(lambda: b.get(1) is None, seconds=2, what="the delete is heard")
    assert a.get(1) is None


def test_r8_a_put_from_before_a_delete_is_refused(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    shared(a, b, 1, "old")
    assert a.delete(1) == "done"
    name = values(shared_redis, machines)[0]
    assert shared_redis("GET", name).startswith(b"T")
    # One that knows of the delete is taken, and the other sees it.
    assert a.get(1) is None
    a.put(1, "new")
    wait_until(lambda: b.get(1) == "new", seconds=3)


def test_r11_who_was_off_hears_of_the_clears_before_it_says_up(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    for key in range(5):
        shared(a, b, key, "old")
    shared(a, b, 1, "kept", fn="g")
    b.stop()
    assert a.clear() == "done"
    assert a.delete(1, fn="g") == "done"
    b.start()
    assert all(b.get(key) is None for key in range(5))
    assert b.get(1, fn="g") is None


def test_r11_who_missed_lines_of_the_log_keeps_nothing(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    shared(a, b, 1, "old")
    b.stop()
    assert a.clear() == "done"
    shared_redis("DEL", names(shared_redis, machines, ":log")[0])
    b.start()
    assert b.get(1) is None


def test_r11_a_server_that_lost_everything_makes_it_cold_and_never_wrong(redis, machines):
    a, b = machines.two(redis.url)
    shared(a, b, 1, "v")
    assert a.delete(1) == "done"
    redis("FLUSHALL")
    for host in (a, b):
        wait_until(lambda: host.remote["state"] == "up", 10)
    wait_until(lambda: (a.put(2, "again"), b.get(2) == "again")[1], 10, "it is shared again")
    assert b.get(1) is None and a.get(1) is None


def test_r12_a_server_that_is_silent_is_not_read(redis, machines):
    a, b = machines.two(redis.url)
    shared(a, b, 1, "v")
    redis.signal(signal.SIGSTOP)
    wait_until(lambda: a.remote["state"] == "down", 6)
    assert a.get(1) == "v"
    redis.signal(signal.SIGCONT)
    a.wait_for("up", 5)


def test_r14_time_to_live_goes_on_where_it_was(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    a.put(1, "v", ttl_ms=60000, stale_ms=30000)
    name = wait_until(lambda: values(shared_redis, machines))[0]
    assert 80000 < shared_redis("PTTL", name) <= 90000
    shared_redis("PEXPIRE", name, 50000)
    reply = b("get", fn="f", key=1, meta=True)
    assert 15000 < reply["ttl_ms"] <= 20000
    a.put(2, "for ever")
    other = wait_until(lambda: [n for n in values(shared_redis, machines) if n != name])[0]
    assert 29 * 86400000 < shared_redis("PTTL", other) <= 30 * 86400000
    assert b("get", fn="f", key=2, meta=True)["ttl_ms"] is None


def test_r15_a_server_that_hangs_costs_each_client_one_budget(redis, machines):
    a = machines.make(redis.url, "--remote-budget", "100ms").start()
    a.get(0)
    redis.signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        for key in range(300):
            assert a.get(["m", key]) is None
        assert a.remote["timeouts"] <= 10
        assert time.monotonic() - began < 5
    finally:
        redis.signal(signal.SIGCONT)
    a.wait_for("up", 10)


def test_r15_a_late_answer_still_fills(redis, machines):
    a, b = machines.two(redis.url, "--remote-budget", "20ms")
    a.put(1, "late")
    wait_until(lambda: a.remote["puts"] == 1)
    b.get("another")
    redis.signal(signal.SIGSTOP)
    assert b.get(1) is None
    redis.signal(signal.SIGCONT)
    wait_until(lambda: b.get(1, remote=False) == "late", 3)
    assert b.remote["late_fills"] == 1


def test_r15_a_request_may_stay_here(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    a.put(1, "v")
    wait_until(lambda: a.remote["puts"] == 1)
    assert b.get(1, remote=False) is None
    assert not b("mget", fn="f", keys=[1], remote=False)["results"][0]["hit"]
    assert b("mget", fn="f", keys=[1, 2])["results"] == [{"hit": True, "value": "v"}, {"hit": False}]


def test_r3_a_request_for_many_has_each_result_at_its_place(shared_redis, machines):
    """However many frames and pieces they come in."""
    a, b = machines.two(shared_redis.url)
    kinds = {0: None, 1: "small", 2: "x" * 1000, 3: "y" * 100_000, 4: "deleted", 5: "tagged"}
    keys = list(range(1000))
    expected = []
    for key in keys:
        kind = 3 if key % 97 == 0 else key % 6
        value = None if kind in (0, 4) else f"{key} {kinds[kind]}"
        if kind:
            a.put(key, value or "gone", **({"tags": ["t"]} if kind == 5 else {}))
        if kind == 4:
            assert a.delete(key) == "done"
        expected.append({"hit": True, "value": value} if value else {"hit": False})
    hits = sum(entry["hit"] for entry in expected)
    tombstones = sum(key % 6 == 4 and key % 97 != 0 for key in keys)
    wait_until(lambda: len(values(shared_redis, machines)) == hits + tombstones, 30, "all are there")
    b.get("the function is known")
    before = b.remote
    assert b("mget", fn="f", keys=keys)["results"] == expected
    assert b.remote["hits"] - before["hits"] == hits
    assert b.remote["misses"] - before["misses"] == len(keys) - hits
    # They are here now.
    assert [r["hit"] for r in b("mget", fn="f", keys=keys, remote=False)["results"]] == [r["hit"] for r in expected]


def test_r19_puts_wait_for_a_server_that_comes_back(redis, machines):
    a, b = machines.two(redis.url)
    shared(a, b, 0, "v")
    redis.kill()
    wait_until(lambda: a.remote["state"] == "down", 5)
    for key in range(1, 20):
        a.put(key, key)
    redis.start()
    a.wait_for("up", 10)
    b.wait_for("up", 10)
    # The epochs were lost with the server: what was put under them counts for nothing.
    wait_until(lambda: (a.put(1, 1), b.get(1))[1] == 1, 10)


def test_r20_large_values_stay_here_and_others_are_compressed(shared_redis, machines):
    a, b = machines.two(shared_redis.url, "--remote-value-max", "100KiB")
    a.put(1, "x" * 200000)
    a.put(2, "y" * 50000)
    wait_until(lambda: b.get(2) == "y" * 50000)
    assert b.get(1) is None and a.remote["too_large"] == 1
    assert shared_redis("STRLEN", values(shared_redis, machines)[0]) < 1000


def test_r21_entries_have_an_end_and_epochs_have_none(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    shared(a, b, 1, "v")
    a.delete(2)
    for name in names(shared_redis, machines):
        life = shared_redis("PTTL", name)
        assert life == -1 if name.endswith((b":e", b":log")) else life > 0, name


def test_r21_a_server_that_is_full_takes_no_puts_and_harms_nobody(redis, machines):
    a, b = machines.two(redis.url)
    shared(a, b, 1, "v")
    redis("CONFIG", "SET", "maxmemory", 1)
    for key in range(100, 120):
        a.put(key, key)
    wait_until(lambda: a.remote["puts_dropped"] > 0, 5)
    assert a.get(100) == 100 and b.get(1) == "v"
    redis("CONFIG", "SET", "maxmemory", 0)


def test_r22_who_may_only_read_gives_nothing_and_its_clears_stay_here(shared_redis, machines):
    a = machines.make(shared_redis.url).start()
    b = machines.make(shared_redis.url, "--remote-mode", "read-only").start()
    shared(a, b, 1, "v")
    b.put(2, "mine")
    assert b("clear", fn="f")["remote"] == "read_only"
    assert b.get(1) is None and b.get(2) is None
    b.put(3, "mine")
    time.sleep(0.2)
    assert a.get(1) == "v" and a.get(2) is None and a.get(3) is None


def test_r22_a_user_whom_the_server_lets_only_read_is_read_only(redis, machines):
    secret = machines.folder / "secret"
    machines.folder.mkdir(exist_ok=True)
    secret.write_text("secret\n")
    secret.chmod(0o600)
    a = machines.make(redis.url).start()
    options = ("--remote-password-file", secret)
    # A Unix socket has no place for a user in its URL.
    redis("ACL", "SETUSER", "default", "resetpass", ">secret", "resetkeys", "~memod:*", "-@all", "+@read", "+hello", "+ping")
    b = machines.make(redis.url, *options).start(is_up=False)
    # Before that a put gives nothing to others, and the server is not asked for anything that it refuses.
    wait_until(lambda: b.remote["state"] == "up" or b.remote["mode"] == "read-only", 10)
    b.put(1, "mine")
    b.get(2)
    wait_until(lambda: b.remote["mode"] == "read-only", 10)
    assert b.log.count("read-only from now on") == 1
    assert b.get(1) == "mine" and a.get(1) is None


def test_r23_sealed_entries_show_nothing_and_open_for_who_has_the_key(shared_redis, machines):
    machines.folder.mkdir(exist_ok=True)
    keys = {}
    for name, lines in (("one", "11" * 32), ("two", "22" * 32), ("both", "22" * 32 + "\n# of before\n" + "11" * 32)):
        keys[name] = machines.folder / f"{name}.key"
        keys[name].write_text(lines + "\n")
        keys[name].chmod(0o600)
    a = machines.make(shared_redis.url, "--remote-key-file", keys["one"]).start()
    other = machines.make(shared_redis.url, "--remote-key-file", keys["two"]).start()
    plain = machines.make(shared_redis.url).start()
    rotated = machines.make(shared_redis.url, "--remote-key-file", keys["both"]).start()
    a.put("argument", "the secret result")
    name = wait_until(lambda: values(shared_redis, machines))[0]
    envelope = shared_redis("GET", name)
    assert b"secret result" not in envelope and b"argument" not in envelope
    assert other.get("argument") is None and plain.get("argument") is None
    assert rotated.get("argument") == "the secret result"
    assert other.remote["errors"] == 1 and plain.remote["errors"] == 1
    # Once there is a key, what is not sealed is refused.
    plain.put("open", 1)
    wait_until(lambda: plain.remote["puts"] == 1)
    assert a.get("open") is None


def test_r24_only_functions_that_were_chosen_are_shared(shared_redis, machines):
    a = machines.make(shared_redis.url, functions="pub.*").start()
    b = machines.make(shared_redis.url, functions="pub.*").start()
    a.put(1, "v", fn="private")
    a.put(1, "v", fn="pub.one")
    wait_until(lambda: (a.put(1, "v", fn="pub.one"), b.get(1, fn="pub.one"))[1] == "v")
    assert b.get(1, fn="private") is None and len(values(shared_redis, machines)) == 1
    for host in (a, b):
        assert host("define", fn="private", remote=True)["remote"] is True
        assert host("define", fn="pub.one", remote=False)["remote"] is False
    wait_until(lambda: (a.put(1, "v", fn="private"), b.get(1, fn="private"))[1] == "v")
    a.put(2, "v", fn="pub.one")
    time.sleep(0.1)
    assert b.get(2, fn="pub.one") is None
    assert b("define", fn="private", remote="read")["remote"] == "read"
    b.put(3, "v", fn="private")
    time.sleep(0.1)
    assert a.get(3, fn="private") is None


def test_r24_what_is_kept_off_the_disk_is_kept_off_other_machines(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    a("define", fn="f", persist=False)
    a.put(1, "v")
    time.sleep(0.1)
    assert not values(shared_redis, machines)


def test_r25_hits_contain_what_came_from_others(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    a.put(1, "v")
    wait_until(lambda: values(shared_redis, machines))
    assert b.get(1) == "v" and b.get(1) == "v" and b.get(2) is None
    info = b("info", fn="f")
    assert (info["hits"], info["misses"], info["remote_hits"], info["remote_misses"]) == (2, 1, 1, 1)
    assert b.remote["hits"] == 1 and b.remote["misses"] == 1
    b.stop()
    b.start()
    info = b("info", fn="f")
    assert (info["remote_hits"], info["remote_misses"]) == (1, 1)
    b("clear", fn="f")
    assert b("info", fn="f")["remote_hits"] == 0


def test_r26_subscribers_hear_what_others_cleared_and_deleted(shared_redis, machines):
    a, b = machines.two(shared_redis.url)
    shared(a, b, 1, "v")
    shared(a, b, 2, "v")
    watcher = b.connect()
    watcher("subscribe", fn="f")
    assert a.delete(1) == "done"
    assert watcher.read() == {"event": "delete", "fn": "f", "key": 1, "remote": True}
    assert a.clear() == "done"
    assert watcher.read() == {"event": "clear", "fn": "f", "remote": True}
    watcher.close()


def test_hello_names_the_feature_only_where_it_is(shared_redis, machines):
    a = machines.make(shared_redis.url).start()
    b = machines.make(None).start(is_up=False)
    assert "remote" in a("hello")["features"] and "remote" not in b("hello")["features"]
    assert b.remote == {"state": "off"}
    assert b("clear", fn="f", wait_remote_ms=5)["remote"] == "off"
    assert "remote" not in b("clear", fn="f")
