"""R11: epochs are read once a second with what shows that the server lives, and the helper sleeps otherwise."""

import threading
import time
from pathlib import Path

from proxy import Proxy
from redis_server import wait_until


def calls(redis, command):
    for line in redis("INFO", "commandstats").decode().splitlines():
        if line.startswith(f"cmdstat_{command}:"):
            return int(line.split("calls=")[1].split(",")[0])
    return 0


def switches(process):
    """How often a process went to sleep."""
    return sum(
        int(line.split()[1])
        for task in Path(f"/proc/{process}/task").iterdir()
        for line in (task / "status").read_text().splitlines()
        if line.startswith("voluntary_ctxt_switches")
    )


def settle(redis):
    """Until the first heartbeats were answered."""
    before = calls(redis, "hmget")
    wait_until(lambda: calls(redis, "hmget") >= before + 3, 8, "epochs are read")


def test_r11_epochs_are_read_once_a_second_and_the_helper_sleeps_meanwhile(redis, machines):
    a = machines.make(redis.url).start()
    a.put(1, "v")
    wait_until(lambda: a.remote["puts"] == 1)
    settle(redis)
    began, before, asleep = time.monotonic(), calls(redis, "hmget"), switches(a.helper)
    time.sleep(5)
    took = time.monotonic() - began
    assert took - 1.1 <= calls(redis, "hmget") - before <= 1.5 * took + 1
    assert switches(a.helper) - asleep <= 2 * took + 2


def test_r11_an_epoch_that_is_lost_by_itself_is_noticed_within_a_second(redis, machines):
    a, b = machines.two(redis.url)
    a.put(1, "v")
    wait_until(lambda: b.get(1) == "v")
    name = redis("KEYS", "memod:v1:*:e")[0]
    settle(redis)
    for _ in range(3):
        fields = redis("HGETALL", name)
        lost = next(field for field in fields[::2] if field.endswith(b"f"))
        old = int(fields[fields.index(lost) + 1])
        redis("HDEL", name, lost)
        new = wait_until(lambda: redis("HGET", name, lost), 2, "it is made anew")
        assert int(new) > old
        # What was computed under the lost one is no result any more.
        wait_until(lambda: b.get(1) is None and a.get(1) is None, 2, "it is adopted")
        a.put(1, "v")
        wait_until(lambda: b.get(["again", time.monotonic_ns()]) is None and b.get(1) == "v", 5, "it is shared again")


def test_r4_a_clear_is_heard_where_the_connection_of_the_log_is_stuck(redis, scratch, machines):
    class Stuck(Proxy):
        """Lets nothing of the log through for a while."""

        logs, is_stuck = (), threading.Event()

        def passes(self, near, far, data, is_request):
            if b"XREAD" in data:
                self.logs = (*self.logs, near)
            while near in self.logs and self.is_stuck.is_set():
                time.sleep(0.01)

    proxy = Stuck(redis.socket, scratch / "stuck")
    try:
        a = machines.make(redis.url).start()
        b = machines.make(f"redis+unix://{proxy.path}").start()
        a.put(1, "v")
        wait_until(lambda: b.get(1) == "v")
        settle(redis)
        proxy.is_stuck.set()
        assert a.clear() == "done"
        # Long before that connection is given up.
        wait_until(lambda: b.get(1, remote=False) is None, 1.8, "the clear is heard")
    finally:
        proxy.is_stuck.clear()
        proxy.close()


def test_r11_epochs_are_not_read_with_every_line_of_the_log(redis, machines):
    a, b = machines.two(redis.url)
    a.put(1, "v")
    wait_until(lambda: b.get(1) == "v")
    settle(redis)
    began, before = time.monotonic(), calls(redis, "hmget")
    for _ in range(300):
        assert a.clear() == "done"
    took = time.monotonic() - began
    assert calls(redis, "hmget") - before <= 10 + 12 * took < 300
