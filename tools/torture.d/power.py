"""Power loss: everything that was written and not synced may be there, in part, in another order, or not at all."""

import os
from bisect import bisect_right

import record
from daemon import Daemon, Gone
from model import Writer, found

CUTS = 12


def power(random, report):
    full = random.random() < 0.5
    options = ["--durability", "full"] if full else []
    options += ["--flush-interval", random.choice(("1ms", "10ms", "100ms"))]
    daemon = Daemon(random.randrange(1 << 30), options)
    try:
        daemon.faults.record = os.path.join(daemon.home, "record")
        daemon.start()
        writer = Writer(random)
        writer.run(daemon.connect(), random.randrange(20, 2000), lambda: daemon.faults["recorded"])
        if random.random() < 0.3:
            # At rest deleted rows are taken out, and the log is moved.
            report.wait(1.5)
        if random.random() < 0.3:
            daemon.stop()
            daemon.start()
            writer.run(daemon.connect(), writer.sent + 200, lambda: daemon.faults["recorded"])
        daemon.kill()
        report.violations(writer.violations, daemon)
        changes = record.read(daemon.faults.record)
        daemon.faults.record = None
        boot = 0
        # The first changes make the database; the last ones are looked at as often as all others together.
        points = sorted(random.randrange(len(changes) + 1) for _ in range(CUTS))
        disk, done = record.Disk(), 0
        for point in points:
            for change in changes[done:point]:
                disk.apply(change)
            done = point
            report.step()
            how, files = disk.lose_power(random)
            daemon.remove_files()
            record.write_files(files, daemon.home)
            boot += 1
            daemon.faults.start_machine(f"boot-{boot}")
            position = changes[point - 1].end if point else 0
            least = promised(writer, position) if full else 0
            judged = len(writer.violations)
            try:
                daemon.start()
                writer.judge(found(daemon.connect()), least)
                if daemon.moved_aside():
                    writer.violations.append("a power loss was taken for damage")
            except Gone as error:
                writer.violations.append(str(error))
            daemon.kill()
            for text in writer.violations[judged:]:
                report.violation(f"{'full' if full else 'normal'}, cut at {point} of {len(changes)} ({how}): {text}", daemon)
    finally:
        daemon.close()


def promised(writer, position):
    """How many operations were answered as done when the record was so long."""
    place = bisect_right(writer.moments, (position, 1 << 60))
    return writer.moments[place - 1][1] if place else 0
