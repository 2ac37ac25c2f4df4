"""What others remove is gone here too."""

import os
import time

import pytest

import memod
from test_options import named, until, twins


def test_what_memoctl_clears_disappears(daemon):
    calls = []
    f = named(name="shown")(lambda x: calls.append(x) or x)
    f(1), f(2)
    assert f.cache_info().currsize == 2
    daemon.memoctl("clear", "shown")
    until(lambda: f.cache_info().currsize == 0)
    assert f(1) == 1 and calls == [1, 2, 1]
    daemon.memoctl("clear", "--all")
    until(lambda: f.cache_info().currsize == 0)
    assert f(1) == 1 and calls == [1, 2, 1, 1]


def test_what_another_deletes_or_replaces_disappears(daemon, client):
    f = named(name="watched")(lambda x: "computed")
    assert f(1) == "computed"
    client.put("watched", [1], "replaced")
    until(lambda: f(1) == "replaced")
    client.delete("watched", [1])
    until(lambda: f(1) == "computed")


def test_puts_of_other_keys_disturb_nothing(daemon, client):
    f = named(name="watched")(lambda x: x)
    client.put("watched", [0.5], "seen")
    f(1)
    for key in range(2, 50):
        client.put("watched", [key], key)
    assert f(0.5) == "seen"
    assert f.cache_info().currsize == 2


def test_a_program_sees_a_clear_of_another_process(daemon, program):
    program.write("""
        import sys, time
        from memod import lru_cache

        @lru_cache(name="clock")
        def f(x):
            return time.time()

        first = f(1)
        print(flush=True)
        sys.stdin.readline()
        deadline = time.time() + 5
        while f(1) == first and time.time() < deadline:
            time.sleep(0.001)
        print(f(1) != first)
        """)
    import subprocess
    import sys

    process = subprocess.Popen(
        [sys.executable, str(program.directory / "program.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    process.stdout.readline()
    daemon.memoctl("clear", "--all")
    assert process.communicate("\n", timeout=20)[0] == "True\n"


def test_cache_clear_reaches_the_other_wrapper_of_a_function(daemon):
    calls = []
    one, two = twins(lambda x: calls.append(x) or len(calls))
    assert one(1) == two(1) == 1
    one.cache_clear()
    assert two(1) == one(1) == 2


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_happened_while_nobody_listened(daemon):
    f = named(name="restarted")(lambda x: time.monotonic())
    first = f(1)
    daemon.stop()
    daemon.start()
    with memod.Client() as client:
        client.delete("restarted", [1])
    until(lambda: f(1) != first)


def test_a_forked_child_listens_too(daemon, client):
    f = named(name="forked")(lambda x: x)
    client.put("forked", [1], "old")
    assert f(1) == "old"
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if f(1) == "old":
                os.write(writing, b"x")
                deadline = time.monotonic() + 5
                while f(1) == "old" and time.monotonic() < deadline:
                    time.sleep(0.002)
                code = 0 if f(1) == "new" else 2
        finally:
            os._exit(code)
    os.read(reading, 1)
    client.put("forked", [1], "new")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    until(lambda: f(1) == "new")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_clear_that_could_not_be_sent_is_made_up_for(fake):
    f = named(name="late")(lambda x: object)
    calls = []
    g = named(name="late")(lambda x: calls.append(x) or x)
    assert g(1) == 1
    fake.stop()
    g.cache_clear()
    assert g(1) == 1 and calls == [1, 1]
    fake.start()
    h = named(name="other")(lambda x: x)
    until(lambda: h(time.monotonic()) and fake.count("put") >= 2)
    fresh = fake.functions["late"].entries
    assert len(fresh) == 1  # nobody has asked yet
    g(2)
    assert list(fresh) == ["[2]"]
    assert f.cache_scope() == "shared"
