"""Killed with SIGKILL: at any time, at any change of a file, while it starts."""

import threading

from daemon import Daemon, Gone
from model import Writer, found

OPTIONS = (
    ["--flush-interval", "20ms"],
    ["--flush-interval", "1ms", "--interning", "off"],
    ["--durability", "full", "--flush-interval", "50ms"],
    ["--hot-bytes", "64KiB", "--flush-interval", "5ms", "--io-threads", "2"],
)


def kills(random, report):
    daemon = Daemon(random.randrange(1 << 30), random.choice(OPTIONS))
    try:
        start = None
        for _ in range(8):
            report.step()
            daemon.faults.clear()
            chosen = random.random() < 0.5
            if chosen:
                daemon.faults["kill_how"] = random.randrange(3)
                daemon.faults["kill_at"] = random.randrange(1, 600)
            writer = Writer(random, start)
            writer.version = random.randrange(1 << 40)
            try:
                report.start_took(daemon.start())
                killer = threading.Timer(random.uniform(0.005, 0.4), daemon.kill)
                if not chosen:
                    killer.start()
                writer.run(daemon.connect(), 3000)
            except Gone:
                pass
            finally:
                if not chosen:
                    killer.cancel()
            daemon.kill()
            # Again, while it recovers.
            for _ in range(random.randrange(3)):
                daemon.faults["changes"] = 0
                daemon.faults["kill_at"] = random.randrange(1, 40)
                daemon.start(waits=False)
                threading.Event().wait(random.uniform(0, 0.08))
                daemon.kill()
            daemon.faults.clear()
            report.start_took(daemon.start())
            state = found(daemon.connect())
            writer.judge(state, writer.firm)
            report.violations(writer.violations, daemon)
            if daemon.moved_aside():
                report.violation("a kill was taken for damage", daemon)
            if random.random() < 0.5:
                daemon.kill()
            elif daemon.stop() != 0:
                report.violation("it did not end well", daemon)
            start = state
    finally:
        daemon.close()
