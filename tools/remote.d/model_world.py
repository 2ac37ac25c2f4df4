"""What the hosts of the model share: a Redis with the product's scripts, its losses, and time."""

import os
import random
import re

from redis_server import ROOT

FUNCTIONS, KEYS, TAGS = ["f", "g"], [0, 1, 2], ["t", "u"]
NONE = bytes(16)
TTL = 120
LEASE = 60
TOMBSTONE = 400


def script(name):
    text = (ROOT / "Sources/RemoteTier/Scripts.swift").read_text()
    return re.search(rf'static let {name} = """\n(.*?)"""', text, re.S).group(1)


class Scripts:
    def __init__(self, redis):
        self.redis = redis
        self.hashes = {name: redis("SCRIPT", "LOAD", script(name)).decode() for name in ("put", "raise", "release")}

    def __call__(self, name, keys, *arguments):
        return self.redis("EVALSHA", self.hashes[name], len(keys), *keys, *arguments)


class World:
    def __init__(self, seed, redis, broken=""):
        self.redis, self.scripts, self.broken = redis, Scripts(redis), broken
        self.random = random.Random(seed)
        self.has_faults = seed % 2 == 1
        self.namespace = f"m{os.getpid()}:{seed}:"
        self.epochs, self.log = self.namespace + "{c}:e", self.namespace + "{c}:log"
        self.now = 0
        self.snapshot = None
        self.reads = self.remote_hits = self.local_hits = self.shared_computations = 0
        #: When entries and leases there end; Redis' own clock does not follow ours.
        self.ends = {}
        self.hosts = []

    def keeps(self, rule):
        return self.broken != rule

    def value(self, fn, key):
        return f"{self.namespace}{{{fn}.{key}}}:v"

    def lease(self, fn, key):
        return f"{self.namespace}{{{fn}.{key}}}:l"

    def names(self):
        found, cursor = [], b"0"
        while True:
            cursor, part = self.redis("SCAN", cursor, "MATCH", self.namespace + "*", "COUNT", 1000)
            found += part
            if cursor == b"0":
                return found

    def tick(self):
        self.now += 1
        for name in [name for name, end in self.ends.items() if end <= self.now]:
            del self.ends[name]
            self.redis("DEL", name)

    def drop_all(self):
        if names := self.names():
            self.redis("DEL", *names)

    # What a failover, an eviction and a restart do.

    def remember(self):
        self.snapshot = [(name, self.redis("DUMP", name)) for name in self.names()], dict(self.ends)

    def roll_back(self):
        if self.snapshot is None:
            return
        self.drop_all()
        for name, dump in self.snapshot[0]:
            if dump is not None:
                self.redis("RESTORE", name, 0, dump, "REPLACE")
        self.ends = dict(self.snapshot[1])
        self.reconnect()

    def flush(self):
        self.drop_all()
        self.ends = {}

    def trim_log(self):
        """Whoever is connected reads lines before they are cut."""
        connected = [host.position for host in self.hosts if host.is_connected]
        if connected:
            self.redis("XTRIM", self.log, "MINID", "%d-%d" % min(connected))
        else:
            self.redis("XTRIM", self.log, "MAXLEN", 0)

    def lose_log(self):
        self.redis("DEL", self.log)
        for host in self.hosts:
            host.disconnected()

    def reconnect(self):
        for host in self.hosts:
            host.reconnected()
