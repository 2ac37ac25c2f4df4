"""A client on one connection whose every state is known: what is found after a crash has to be exactly one of them.

Everything that changes what is stored is in the mix: put, mput, touch, delete, clear by function, tag and all, define,
eviction by maxsize; and gets, which change the order of eviction.
"""

import json
from collections import OrderedDict

HOURS = (None, 1, 10, 100)  # of time to live, told apart by what is left of them
FUNCTIONS = ("plain", "bounded", "tagged")
KEYS = 12
TAGS = ("red", "blue")


class State:
    """What is stored: by function, entries in the order of their last use."""

    def __init__(self):
        self.entries = {name: OrderedDict() for name in FUNCTIONS}
        self.maxsize = None

    def snapshot(self):
        return (
            tuple((name, key, entry) for name in FUNCTIONS for key, entry in sorted(self.entries[name].items())),
            self.maxsize,
        )

    def put(self, name, key, value, hours=None, tags=()):
        entries = self.entries[name]
        entries.pop(key, None)
        entries[key] = (value, hours, tuple(sorted(tags)))
        self.trim()

    def use(self, name, key):
        if key in self.entries[name]:
            self.entries[name].move_to_end(key)

    def trim(self):
        bounded = self.entries["bounded"]
        while self.maxsize is not None and len(bounded) > self.maxsize:
            bounded.popitem(last=False)

    def clear_tag(self, tag):
        for entries in self.entries.values():
            for key in [key for key, entry in entries.items() if tag in entry[2]]:
                del entries[key]


def found(connection):
    """What is stored now, as `State.snapshot` has it. Asks in a way that uses nothing."""
    places = [(name, key) for name in FUNCTIONS for key in range(KEYS)]
    connection.send([json.dumps({"op": "why", "fn": name, "key": key}) for name, key in places])
    entries = []
    for name, key in places:
        reply = connection.reply()
        if not reply["ok"]:
            raise AssertionError(f"why: {reply}")
        if reply["state"] != "present":
            continue
        left = reply.get("ttl_ms")
        hours = None if left is None else next((h for h in HOURS[1:] if left <= h * 3_600_000), 0)
        entries.append((name, key, (reply["value"], hours, tuple(sorted(reply.get("tags") or ())))))
    info = connection.ask(op="info", fn="bounded")
    return tuple(entries), info.get("maxsize") if info["ok"] else None


class Writer:
    """Sends operations, and remembers the state after each of them."""

    def __init__(self, random, start=None):
        self.random = random
        self.state = State()
        self.states = [start or self.state.snapshot()]
        self.is_fresh = start is None
        self.version = 0
        self.firm = 0  # this many operations are promised to survive
        self.acknowledged = 0
        self.moments = []  # (position in the record, operations promised by then)
        self.violations = []

    @property
    def sent(self):
        return len(self.states) - 1

    def value(self):
        self.version += 1
        # Some that others have too, which then share one copy.
        if self.random.random() < 0.15:
            return f"common {self.random.randrange(4)} " + "c" * 600
        return f"{self.version}." + "v" * self.random.choice((0, 10, 100, 1000, 5000, 20_000))

    def operation(self):
        """The next one: its request, whether its answer is a promise, and what it will answer, where that is known."""
        random, state = self.random, self.state
        if not self.is_fresh:
            # What was found had an order of use that no one knows.
            self.is_fresh = True
            self.state = State()
            self.state.maxsize = self.states[0][1]
            return {"op": "clear", "all": True}, True, None
        name, key = random.choice(FUNCTIONS), random.randrange(KEYS)
        chance = random.random()
        if chance < 0.40:
            value, hours = self.value(), random.choice(HOURS)
            tags = random.sample(TAGS, random.randrange(3)) if name == "tagged" else []
            durable = random.random() < 0.1
            state.put(name, key, value, hours, tags)
            request = {"op": "put", "fn": name, "key": key, "value": value, "durable": durable}
            if hours:
                request["ttl_ms"] = hours * 3_600_000
            if tags:
                request["tags"] = tags
            return request, durable, None
        if chance < 0.50:
            entries = []
            for key in random.sample(range(KEYS), random.randrange(1, 5)):
                value = self.value()
                state.put(name, key, value)
                entries.append({"key": key, "value": value})
                # Each of its entries is a change of its own: it may be cut between two.
                self.states.append(state.snapshot())
            return {"op": "mput", "fn": name, "entries": entries}, False, None
        if chance < 0.75:
            entry = state.entries[name].get(key)
            state.use(name, key)
            return {"op": "get", "fn": name, "key": key}, False, entry[0] if entry else None
        if chance < 0.83:
            hours = random.choice(HOURS)
            entry = state.entries[name].get(key)
            if entry:
                state.put(name, key, entry[0], hours, entry[2])
            request = {"op": "touch", "fn": name, "key": key, "ttl_ms": hours and hours * 3_600_000}
            return request, True, None
        if chance < 0.93:
            state.entries[name].pop(key, None)
            return {"op": "delete", "fn": name, "key": key}, True, None
        if chance < 0.95:
            state.entries[name].clear()
            return {"op": "clear", "fn": name}, True, None
        if chance < 0.97:
            tag = random.choice(TAGS)
            state.clear_tag(tag)
            return {"op": "clear", "tag": tag}, True, None
        if chance < 0.99:
            state.maxsize = random.choice((None, 3, 6, 10))
            state.trim()
            return {"op": "define", "fn": "bounded", "maxsize": state.maxsize}, True, None
        return {"op": "sync"}, True, None

    def run(self, connection, operations, position=lambda: 0):
        """Sends that many operations in bursts, until the daemon is gone."""
        while self.sent < operations:
            burst = []
            for _ in range(self.random.randrange(1, 16)):
                request, is_firm, expected = self.operation()
                self.states.append(self.state.snapshot())
                burst.append((request, is_firm, expected, self.sent))
            connection.send([json.dumps(request) for request, *_ in burst])
            for request, is_firm, expected, number in burst:
                reply = connection.reply()
                if not reply["ok"]:
                    self.violations.append(f"{request['op']} was answered {reply}")
                elif request["op"] == "get":
                    value = reply.get("value") if reply["hit"] else None
                    if value != expected:
                        self.violations.append(f"get {request} found {str(value)[:40]}, not {str(expected)[:40]}")
                self.acknowledged = number
                if is_firm:
                    self.firm = number
                    self.moments.append((position(), number))

    def judge(self, state, least, most=None):
        """Whether a state that was found is one that may be: after at least this many operations.
        Returns after how many it is, or None with a violation noted."""
        most = self.sent if most is None else most
        for number in range(most, least - 1, -1):
            if self.states[number] == state:
                return number
        older = next((n for n in range(least - 1, -1, -1) if self.states[n] == state), None)
        where = f"that after {older} operations" if older is not None else "none there ever was"
        self.violations.append(
            f"the state found is {where}; {least} to {most} may be; {self.difference(state, least, most)}"
        )
        return None

    def difference(self, state, least, most):
        nearest = max(range(least, most + 1), key=lambda n: len(set(self.states[n][0]) & set(state[0])), default=least)
        expected = set(self.states[nearest][0])
        lacks = [f"{n} {k} {e[0][:12]}" for n, k, e in sorted(expected - set(state[0]))][:4]
        has = [f"{n} {k} {e[0][:12]}" for n, k, e in sorted(set(state[0]) - expected)][:4]
        return f"against {nearest} it lacks {lacks} and has {has}; maxsize {state[1]}, {self.states[nearest][1]}"
