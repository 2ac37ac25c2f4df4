"""A second fault while it recovers from the first."""

import errno
import os
import threading

from daemon import Daemon, Gone
from disk import settled

COUNT = 100


def second(random, report):
    daemon = Daemon(random.randrange(1 << 30))
    try:
        daemon.start()
        connection = daemon.connect()
        for key in range(COUNT):
            connection.ask(op="put", fn="f", key=key, value=key, durable=True)
        threading.Event().wait(random.choice((0, 0.3, 1.3)))
        report.step()
        first = random.choice(("removed", "cut", "sync"))
        then = random.choice(("open", "write", "sync", "read", "kill"))
        once = random.random() < 0.5
        daemon.faults["mask"] = random.choice((0, 1, 2, 4))
        if then == "kill":
            daemon.faults["kill_at"] = random.randrange(1, 60)
            daemon.faults["kill_how"] = random.randrange(3)
        else:
            if once:
                daemon.faults["skip"], daemon.faults["times"] = random.randrange(12), random.choice((1, 2))
            daemon.faults[f"{then}_errno"] = random.choice((errno.EIO, errno.EMFILE if then == "open" else errno.EIO))
        what = f"{first}, then {then}{' once' if once else ''}, mask {daemon.faults['mask']}"
        if first == "removed":
            for part in ("", "-wal", "-shm"):
                if os.path.exists(daemon.database + part):
                    os.unlink(daemon.database + part)
        elif first == "cut":
            with open(daemon.database, "r+b") as file:
                file.truncate(random.choice((0, 5000, 20_000)))
        else:
            daemon.faults["sync_errno"] = errno.EIO
        try:
            connection.ask(op="put", fn="f", key="wakes", value=1, durable=True)
        except Gone:
            pass
        threading.Event().wait(random.uniform(0.2, 1.5))
        daemon.faults.clear()
        if not daemon.runs:
            # Its memory is gone, and with what was removed or cut all may be: but nothing that is wrong.
            daemon.start()
            survey(daemon, report, what, first == "sync")
            return
        connection = settled(daemon, report, what)
        if not connection:
            return
        durable = connection.ask(op="put", fn="f", key="after", value=1, durable=True)
        if not durable["ok"] or durable.get("degraded"):
            report.violation(f"{what}: a durable put after it was answered {durable}", daemon)
        survey(daemon, report, what, True)
        daemon.kill() if random.random() < 0.5 else daemon.stop()
        daemon.start()
        survey(daemon, report, what + ", after a start", True)
        if not daemon.connect().ask(op="get", fn="f", key="after")["hit"]:
            report.violation(f"{what}: the durable put after it is lost", daemon)
    except Gone as error:
        report.violation(f"{error}", daemon)
    finally:
        daemon.close()


def survey(daemon, report, what, must_be_there):
    connection = daemon.connect()
    found = [connection.ask(op="get", fn="f", key=key) for key in range(COUNT)]
    wrong = [key for key, reply in enumerate(found) if reply.get("hit") and reply["value"] != key]
    hits = sum(reply.get("hit", False) for reply in found)
    if wrong or (must_be_there and hits < COUNT):
        report.violation(f"{what}: {hits} of {COUNT} are there, wrong are {wrong}", daemon)
