"""The rules of the shared tier as a program: random interleavings of three hosts over a real Redis, with the product's scripts.

Each result is the time at which its computation began. On a host nothing of before its own clears and deletes is ever found;
once all is quiet, nothing of before anybody's clear or delete is left on any; nothing is found after its time to live. With a
rule left out (`BREAKS`) that fails.

    MODEL_REDIS=SOCKET rules_model.py SEEDS STEPS [rule to leave out]
"""

import os
import sys
from pathlib import Path

from model_host import Host, assert_younger
from model_world import FUNCTIONS, KEYS, TAGS, World
from redis_server import Client

#: Leaving one of these out has to be found.
BREAKS = {
    "catch-up": "the tier is used before the log was read to its end (R11)",
    "suspend": "a function that is cleared here is read and put before the others know (R7)",
    "in-flight": "a reply that was under way when something happened to its key is used (R10)",
    "epoch-check": "an entry is used whatever its epochs are (R3, R5)",
    "epoch-at-lease": "a put goes under the epochs of when it is sent (R6)",
    "generation": "a put replaces a tombstone (R8)",
    "kept-generation": "only tombstones have a generation (R8)",
    "clear-once-more": "what came before a clear was acknowledged stays (R7)",
    "own-delete": "the same for a delete (R8)",
    "pending-is-durable": "what is not acknowledged is forgotten in a crash (R7, R8)",
    "gap": "a log that lost lines, or is another one, goes unnoticed (R11)",
    "trimmed": "a log that was cut goes unnoticed (R11)",
    "raise-again": "an epoch that the server lost stays lost (R11)",
    "raise-deleted": "the same for tombstones (R11)",
    "tags": "a tag's epoch is not looked at (R7)",
    "rest-of-ttl": "the time to live begins when a put is sent (R14)",
}


def is_there(host, fn, key):
    """What a host that asks would find."""
    world = host.world
    raw = world.redis("GET", world.value(fn, key))
    if raw is None or raw[:1] == b"T":
        return None
    found = dict(part.split("=") for part in raw[17:].decode().split("|"))
    fields = host.fields(fn, host.tags_of((fn, key)))
    return int(found["began"]) if all(host.epochs.get(f) == int(found[f]) for f in fields) else None


def quiet(world):
    """All is sent and heard; what was raised for what a server lost is heard by the others, too."""
    for _ in range(4):
        for host in world.hosts:
            while host.pending or host.pending_deletes:
                host.tell()
        for host in world.hosts:
            host.follow(to_the_end=True)
    for host in world.hosts:
        for fn in FUNCTIONS:
            for key in KEYS:
                entry = host.local.get((fn, key))
                for where, began in (("here", entry and entry["began"]), ("there", is_there(host, fn, key))):
                    if began is not None:
                        for other in world.hosts:
                            assert_younger(other.answers, fn, key, began, f"by {other.name}, {where} at {host.name}")


def step(world):
    rng = world.random
    host, fn, key, dice = rng.choice(world.hosts), rng.choice(FUNCTIONS), rng.choice(KEYS), rng.random()
    world.tick()
    if dice < 0.10:
        if host.local:
            del host.local[rng.choice(sorted(host.local))]
    elif dice < 0.36:
        host.get(fn, key)
    elif dice < 0.50:
        host.arrive()
    elif dice < 0.64:
        host.put()
    elif dice < 0.76:
        host.send()
    elif dice < 0.775:
        host.clear(rng.choice(["f" + fn, "f" + fn, "f" + fn, "n", "t" + rng.choice(TAGS), "t" + rng.choice(TAGS)]))
    elif dice < 0.80:
        host.delete(fn, key)
    elif dice < 0.90:
        host.tell()
    elif dice < 0.97:
        host.follow()
    elif dice < 0.977:
        host.crash()
    elif dice < 0.983:
        # The connection breaks; perhaps the log is cut before it is back.
        host.disconnected()
        if rng.random() < 0.7:
            world.trim_log()
    elif not world.has_faults:
        return
    elif dice < 0.988:
        world.remember()
    elif dice < 0.992:
        world.roll_back()
    elif dice < 0.994:
        world.redis("DEL", world.epochs)
    elif dice < 0.996:
        world.flush()
    elif dice < 0.999:
        world.lose_log()


def run(seed, steps, redis, broken=""):
    """- Raises: AssertionError for what must not be."""
    world = World(seed, redis, broken)
    world.hosts += [Host(world, name) for name in "ABC"]
    try:
        for number in range(steps):
            step(world)
            if number % 150 == 149:
                quiet(world)
        return world
    finally:
        world.drop_all()


def main():
    seeds, steps, *broken = sys.argv[1:]
    redis = Client(Path(os.environ["MODEL_REDIS"]))
    failed = []
    totals = [0, 0, 0, 0]
    for seed in range(int(seeds)):
        try:
            world = run(seed, int(steps), redis, *broken)
            found = (world.reads, world.local_hits, world.remote_hits, world.shared_computations)
            totals = [a + b for a, b in zip(totals, found)]
        except AssertionError as error:
            failed.append(seed)
            if len(failed) <= 3:
                print(f"seed {seed}: {error}")
    print(f"{broken or 'all rules'}: {len(failed)} of {seeds} failed; reads, local hits, remote hits, waited: {totals}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
