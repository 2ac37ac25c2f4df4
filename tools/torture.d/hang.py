"""A file system that hangs, calls of metadata included: memory goes on serving, and the end has a bound."""

import threading
import time

from daemon import Daemon, Gone


def hang(random, report):
    daemon = Daemon(random.randrange(1 << 30), ["--flush-interval", "10ms"])
    try:
        daemon.start()
        connection = daemon.connect()
        for key in range(50):
            connection.ask(op="put", fn="f", key=key, value=key, durable=True)
        report.wait(random.uniform(0, 0.5))
        report.step()
        daemon.faults["hangs"] = random.choice((1, 2, 2))
        threading.Event().wait(random.uniform(0, 0.6))
        if random.random() < 0.7:
            daemon.connect().send(['{"op":"put","fn":"f","key":"waits","value":1,"durable":true}'])
        else:
            connection.ask(op="put", fn="f", key="later", value=1)
        began, slowest = time.monotonic(), 0
        leased = daemon.connect()
        lease = leased.ask(op="get", fn="l", key=1, lease_ms=300)
        waiting = daemon.connect()
        waiting.send(['{"op":"get","fn":"l","key":1,"lease_ms":1000,"wait_ms":20000}'])
        granted = []
        thread = threading.Thread(target=lambda: granted.append((waiting.reply(), time.monotonic() - began)), daemon=True)
        thread.start()
        is_degraded = False
        while time.monotonic() - began < 10 and not is_degraded:
            asked = time.monotonic()
            if connection.ask(op="get", fn="f", key=random.randrange(50))["hit"] is not True:
                report.violation("a hot get missed", daemon)
            is_degraded = connection.ask(op="stats")["degraded"]
            slowest = max(slowest, time.monotonic() - asked)
            threading.Event().wait(0.01)
        thread.join(5)
        if slowest > 1:
            report.violation(f"a get took {slowest:.1f} s while the disk hung", daemon)
        if not is_degraded:
            report.violation("10 s after the disk began to hang it does not say so", daemon)
        if "lease" not in lease or not granted or "lease" not in granted[0][0]:
            report.violation(f"a lease did not end in time: {lease} {granted}", daemon)
        elif granted[0][1] > 2:
            report.violation(f"a lease of 300 ms ended after {granted[0][1]:.1f} s", daemon)
        if random.random() < 0.5:
            ended(daemon, report)
        else:
            daemon.faults["hangs"] = 0
            deadline = time.monotonic() + 10
            while connection.ask(op="stats")["degraded"]:
                if time.monotonic() > deadline:
                    report.violation("it did not recover", daemon)
                    return
                threading.Event().wait(0.02)
            if not connection.ask(op="put", fn="f", key="after", value=1, durable=True)["ok"]:
                report.violation("a put after it failed", daemon)
            if daemon.stop() != 0:
                report.violation("it did not end well", daemon)
    except Gone as error:
        report.violation(str(error), daemon)
    finally:
        daemon.faults["hangs"] = 0
        daemon.close()


def ended(daemon, report):
    began = time.monotonic()
    status = daemon.stop(40)
    took = time.monotonic() - began
    if status == "did not end" or took > 30:
        report.violation(f"SIGTERM took {took:.0f} s: {status}", daemon)
    elif status == 0:
        report.violation("it ended as if all were well", daemon)
    elif "not on disk" not in daemon.said():
        report.violation("it does not say what it left", daemon)
