"""Files that were damaged, cut, emptied or replaced by older ones while the daemon was not there to see it."""

import os
import shutil

from daemon import Daemon, Gone

COUNT = 60


def filled(random, daemon):
    """Keys written more than once, some deleted. Returns what each of them has, and where older files are."""
    daemon.start()
    connection, state = daemon.connect(), {}
    old = os.path.join(daemon.home, "old")
    for number in range(random.randrange(100, 400)):
        key = random.randrange(COUNT)
        if random.random() < 0.15:
            connection.ask(op="delete", fn="f", key=key)
            state[key] = None
        else:
            value = f"{number} " + "v" * random.choice((0, 50, 500, 9000))
            connection.ask(op="put", fn="f", key=key, value=value, durable=random.random() < 0.5)
            state[key] = value
        if number == 60:
            connection.ask(op="sync")
            daemon.copy_files(old)
    connection.ask(op="sync")
    return state, old


def damage(random, report):
    daemon = Daemon(random.randrange(1 << 30))
    try:
        state, old = filled(random, daemon)
        if random.random() < 0.3:
            # At rest, all of the log is in the database.
            report.wait(1.3)
        daemon.kill() if random.random() < 0.7 else daemon.stop()
        kept = os.path.join(daemon.home, "kept")
        daemon.copy_files(kept)
        for _ in range(6):
            report.step()
            daemon.remove_files()
            for name in os.listdir(kept):
                shutil.copy(os.path.join(kept, name), daemon.home)
            what, told = spoil(random, daemon, old)
            try:
                daemon.start()
                connection = daemon.connect()
                lost = survey(connection, state, report, what, daemon)
                # What is durable after it survives the next kill.
                durable = connection.ask(op="put", fn="g", key=1, value="after", durable=True)["ok"]
                report.wait(random.choice((0, 0, 0.2)))
                # A row that is damaged by itself is a miss, and counted.
                told = told and connection.ask(op="stats")["cold"]["damaged_rows"] == 0
                said = daemon.said()
                daemon.kill()
                daemon.start()
                connection = daemon.connect()
                survey(connection, state, report, what + ", once more", daemon)
                if durable and not connection.ask(op="get", fn="g", key=1)["hit"]:
                    report.violation(f"{what}: what was durable after it is lost", daemon)
                if lost and told and "error" not in said and "damage" not in said:
                    report.violation(f"{what}: {lost} entries are lost, and it said nothing", daemon)
            except Gone as error:
                report.violation(f"{what}: {error}", daemon)
            daemon.kill()
    finally:
        daemon.close()


def survey(connection, state, report, what, daemon):
    """Returns how many are missing."""
    lost = 0
    for key in range(COUNT):
        reply = connection.ask(op="get", fn="f", key=key)
        value = reply.get("value") if reply.get("hit") else None
        if value is None:
            lost += state.get(key) is not None
        elif value != state.get(key):
            report.violation(f"{what}: key {key} has {value[:12]}, not {str(state.get(key))[:12]}", daemon)
    return lost


def spoil(random, daemon, old):
    """Returns what was done, and whether whatever is lost by it has to be told."""
    log, database = daemon.database + "-wal", daemon.database
    has_log = os.path.exists(log) and os.path.getsize(log) > 0
    how = random.choice(("flip", "flip", "cut", "zero", "older", "older log", "removed"))
    target = random.choice((log, log, database)) if has_log else database
    if how == "older log" or (how == "removed" and has_log):
        name = "memod.db-wal"
        if how == "older log" and os.path.exists(os.path.join(old, name)):
            shutil.copy(os.path.join(old, name), log)
        elif has_log:
            os.unlink(log)
        return f"log {how}", True
    if how in ("older", "removed"):
        for part in ("", "-wal"):
            source = os.path.join(old, "memod.db" + part)
            if os.path.exists(database + part):
                os.unlink(database + part)
            if os.path.exists(source):
                shutil.copy(source, database + part)
        return "database and log replaced by older ones", True
    size = os.path.getsize(target)
    at = random.randrange(size)
    with open(target, "r+b") as file:
        if how == "cut":
            file.truncate(at)
        elif how == "zero":
            file.seek(at)
            file.write(bytes(min(random.choice((1, 64, 4096, 100_000)), size - at)))
        else:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1 << random.randrange(8)]))
    return f"{os.path.basename(target)} {how} at {at} of {size}", True
