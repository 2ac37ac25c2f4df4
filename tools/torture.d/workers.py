"""Clients that write to keys of their own while the disk fails, and know what each key may have."""

import json
import random as randomness
import threading

from daemon import Gone

KEYS = 40


class Worker(threading.Thread):
    """A value that is found has to be one that was written, no older than the last one that was acknowledged."""

    def __init__(self, number, seed, connection, before=None):
        super().__init__(daemon=True)
        self.number, self.connection = number, connection
        self.random = randomness.Random(seed)
        self.function = f"worker{number}"
        # By key: (value, whether it was acknowledged, whether that is a promise). The first is what was there before.
        self.history = before or {key: [(None, True, True)] for key in range(KEYS)}
        self.may_miss = False
        self.ends = threading.Event()
        self.problems = []
        self.error = None

    def run(self):
        try:
            while not self.ends.is_set():
                self.step()
        except Gone as error:
            self.error = str(error)

    def step(self):
        key, chance = self.random.randrange(KEYS), self.random.random()
        if chance < 0.45:
            self.look(key, promised=False)
            return
        history = self.history[key]
        if chance < 0.57:
            history.append((None, False, False))
            reply = self.connection.ask(op="delete", fn=self.function, key=key)
            is_promise = True
        else:
            durable = self.random.random() < 0.3
            value = f"{self.number} {self.random.randrange(1 << 40)} " + "v" * self.random.choice((0, 10, 300, 3000, 20_000))
            history.append((value, False, False))
            reply = self.connection.ask(op="put", fn=self.function, key=key, value=value, durable=durable)
            is_promise = durable
        if reply["ok"]:
            is_firm = is_promise and not reply.get("degraded")
            if reply.get("stored", True):
                history[-1] = (history[-1][0], True, is_firm)
            else:
                history.pop()
        if len(history) > 300:
            del history[:150]

    def allowed(self, key, promised):
        """What may be there: the last state that was acknowledged (after a crash: promised), and all after it."""
        values = []
        for value, is_acknowledged, is_firm in reversed(self.history[key]):
            values.append(value)
            if is_acknowledged and (is_firm or not promised):
                break
        return values

    def look(self, key, promised):
        reply = self.connection.ask(op="get", fn=self.function, key=key)
        if not reply["ok"]:
            return None
        value = reply["value"] if reply["hit"] else None
        allowed = self.allowed(key, promised)
        if value not in allowed and not (value is None and self.may_miss):
            self.problems.append(
                f"{self.function} {key}: found {str(value)[:30]}, may be {[str(v)[:30] for v in allowed[:4]]} "
                f"({len(self.history[key])} changes)"
            )
        return (value,)

    def survey(self, connection, promised):
        """Looks at every key of a daemon at rest: from now on that is what is there."""
        self.connection = connection
        for key in range(KEYS):
            for _ in range(100):
                found = self.look(key, promised)
                if found:
                    self.history[key] = [(found[0], True, True)]
                    break
                threading.Event().wait(0.05)
            else:
                self.problems.append(f"{self.function} {key} cannot be read")
