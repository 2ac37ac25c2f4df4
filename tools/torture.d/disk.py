"""A disk that fails: writes, syncs, reads and opens, for a while or once, with what was not synced dropped."""

import errno
import threading
import time

from daemon import Daemon, Gone
from workers import Worker

ERRORS = ("write_errno", "sync_errno", "read_errno", "open_errno")


def settled(daemon, report, what):
    """Waits until it says that all is well, and that all is on the disk."""
    connection = daemon.connect()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if not connection.ask(op="stats")["degraded"] and connection.ask(op="sync")["ok"]:
            return connection
        threading.Event().wait(0.02)
    report.violation(f"{what}: still degraded after 30 s", daemon)
    return None


def faults(random, daemon, workers, once):
    words = daemon.faults
    which = random.choice(ERRORS)
    words["mask"] = random.choice((0, 1, 2, 3, 7))
    words["drops"] = random.choice((0, 1, 2))
    if once:
        words["skip"], words["times"] = random.randrange(60), 1
    else:
        words["per_million"] = random.choice((0, 300_000, 30_000))
    both = which == "write_errno" and random.random() < 0.3
    code = errno.ENOSPC if which == "write_errno" and random.random() < 0.2 else errno.EIO
    if which == "open_errno":
        code = random.choice((errno.EMFILE, errno.EIO))
    if code == errno.ENOSPC:
        # Room is made by eviction.
        for worker in workers:
            worker.may_miss = True
    for word in (which, "sync_errno") if both else (which,):
        words[word] = code
    return f"{which} {errno.errorcode[code]}{' once' if once else ''} mask {words['mask']} drops {words['drops']}"


def disk(random, report, once=False):
    options = random.choice(([], ["--durability", "full"], ["--hot-bytes", "2MiB"]))
    daemon = Daemon(random.randrange(1 << 30), [*options, "--flush-interval", "10ms"])
    daemon.faults.remembers = True
    before = [None] * 3
    try:
        for _ in range(5):
            report.step()
            daemon.faults.clear()
            aside = set(daemon.moved_aside())
            if not daemon.runs:
                daemon.start()
            workers = [Worker(n, random.randrange(1 << 40), daemon.connect(), before[n]) for n in range(3)]
            for worker in workers:
                # What is cold goes with a log that was lost; what is in memory stays.
                worker.may_miss = "2MiB" in options
                worker.start()
            threading.Event().wait(random.uniform(0.02, 0.3))
            what = faults(random, daemon, workers, once)
            threading.Event().wait(random.uniform(0.05, 0.8))
            kills = random.random() < 0.3
            if not kills:
                daemon.faults.clear()
                connection = settled(daemon, report, what)
            for worker in workers:
                worker.ends.set()
            if kills:
                daemon.kill()
            for worker in workers:
                worker.join(60)
                if worker.error and not kills:
                    report.violation(f"{what}: {worker.error}", daemon)
            if not kills and connection:
                # What was put since is acknowledged, and not promised before this.
                if not connection.ask(op="sync")["ok"]:
                    report.violation(f"{what}: a sync failed after all was well", daemon)
                for worker in workers:
                    worker.survey(connection, False)
                daemon.kill() if random.random() < 0.5 else daemon.stop()
            daemon.faults.clear()
            daemon.start()
            connection = daemon.connect()
            for worker in workers:
                worker.survey(connection, True)
                report.violations([f"{what}{', killed' if kills else ''}: {p}" for p in worker.problems], daemon)
                worker.problems = []
            # An earlier round's file may stand there still.
            if set(daemon.moved_aside()) - aside and not any(w in what for w in ("sync_errno", "write_errno")):
                report.violation(f"{what}: taken for damage", daemon)
            before = [worker.history for worker in workers]
    except Gone as error:
        report.violation(str(error), daemon)
    finally:
        daemon.close()


def once(random, report):
    disk(random, report, once=True)


def start(random, report):
    """One call fails while it starts: it starts all the same, or says what failed; and nothing is given up."""
    daemon = Daemon(random.randrange(1 << 30), ["--hot-bytes", "256KiB"])
    try:
        daemon.start()
        connection = daemon.connect()
        connection.send([f'{{"op":"put","fn":"f","key":{n},"value":"{n} {"v" * 3000}"}}' for n in range(300)])
        if not all(connection.reply()["ok"] for _ in range(300)):
            report.violation("a put failed", daemon)
        connection.ask(op="sync")
        daemon.kill() if random.random() < 0.5 else daemon.stop()
        for _ in range(8):
            report.step()
            which = random.choice(("read_errno", "open_errno", "read_errno"))
            daemon.faults["mask"] = random.choice((0, 1, 2, 4))
            daemon.faults["skip"], daemon.faults["times"] = random.randrange(60), random.choice((1, 1, 3))
            daemon.faults[which] = errno.EIO
            what = f"{which} at {daemon.faults['skip']} of a start, mask {daemon.faults['mask']}"
            try:
                daemon.start()
                if random.random() < 0.5:
                    report.wait(0.3)
            except Gone:
                if "nput/output" not in daemon.said():
                    report.violation(f"{what}: it ended, and did not say why", daemon)
                daemon.faults.clear()
                daemon.start()
            daemon.faults.clear()
            connection = daemon.connect()
            hits = sum(connection.ask(op="get", fn="f", key=n).get("value") == f"{n} " + "v" * 3000 for n in range(300))
            if hits < 300 or daemon.moved_aside():
                report.violation(f"{what}: {hits} of 300 are there; moved aside: {daemon.moved_aside()}", daemon)
                return
            daemon.kill() if random.random() < 0.5 else daemon.stop()
    finally:
        daemon.close()
