"""A host of the model: what it keeps, asks, puts, tells and hears, by the rules that are not left out."""

import os

from model_world import FUNCTIONS, KEYS, LEASE, NONE, TAGS, TOMBSTONE, TTL


class Host:
    def __init__(self, world, name):
        self.world, self.name = world, name
        # What survives a crash.
        self.local = {}
        self.epochs = {}
        self.pending = set()
        self.pending_deletes = {}
        self.position = (0, 0)
        #: What was cleared or deleted here: when it was answered, and what.
        self.answers = []
        self.deleted = {}
        self.boot()

    def boot(self):
        self.leases = {}
        self.queue = []
        self.flights = []
        self.sequence = 0
        self.events = {}
        self.is_caught_up = False
        self.is_connected = False
        self.incarnation = os.urandom(4).hex()
        #: What was told before this has to be known for a remote hit, and where it is caught up for a local one.
        self.must_know = self.world.now

    # What is known.

    def fields(self, fn, tags):
        return ["n", "f" + fn, *("t" + tag for tag in tags)]

    def drop(self, field):
        """What is here of a field goes, and what computes it."""

        def concerns(place, tags):
            return field == "n" or field == "f" + place[0] or field[0] == "t" and field[1:] in tags

        for place in [p for p, entry in self.local.items() if concerns(p, entry["tags"])]:
            del self.local[place]
        for place in [p for p in self.leases if concerns(p, self.tags_of(p))]:
            del self.leases[place]

    def tags_of(self, place):
        """A function's results have the tags that its arguments say."""
        return [TAGS[place[1]]] if place[1] < len(TAGS) else []

    def learn(self, field, epoch):
        known = self.epochs.get(field, 0)
        if epoch > known:
            self.epochs[field] = epoch
            self.drop(field)
        elif epoch < known and self.world.keeps("raise-again"):
            self.pending.add(field)

    def may_read(self):
        return self.is_caught_up or not self.world.keeps("catch-up")

    def is_usable(self, fn, key, fields):
        world = self.world
        if world.keeps("suspend") and ((fn, key) in self.pending_deletes or any(f in self.pending for f in fields)):
            return False
        return all(field in self.epochs for field in fields)

    # What clients ask for.

    def get(self, fn, key):
        world = self.world
        world.reads += 1
        entry = self.local.get((fn, key))
        if entry and entry["ends"] <= world.now:
            del self.local[fn, key]
            entry = None
        if entry:
            world.local_hits += 1
            return self.check(fn, key, entry, knows=self.is_caught_up)
        fields = self.fields(fn, self.tags_of((fn, key)))
        usable = self.may_read()
        for field in fields if usable else []:
            if field not in self.epochs:
                epoch = world.redis("HGET", world.epochs, field)
                if epoch is None:
                    self.pending.add(field)
                else:
                    self.learn(field, int(epoch))
        if not usable or not self.is_usable(fn, key, fields):
            return self.miss(fn, key, None, None)
        if any(flight["place"] == (fn, key) for flight in self.flights):
            return None
        token = os.urandom(8).hex()
        taken = False
        if world.random.random() < 0.5:
            # One computes while the others wait; whoever has waited long enough computes all the same.
            lease = world.lease(fn, key)
            if world.redis("SET", lease, token, "NX", "PX", 600000) is None:
                taken = world.random.random() < 0.7
                token = None
            else:
                world.ends[lease] = world.now + LEASE
        else:
            token = None
        raw = world.redis("GET", world.value(fn, key))
        rest = world.ends.get(world.value(fn, key), world.now) - world.now
        if raw is None and taken:
            world.shared_computations += 1
            return None
        self.flights.append(dict(place=(fn, key), raw=raw, ends=world.now + rest, sequence=self.sequence, token=token))

    def miss(self, fn, key, generation, token):
        if (fn, key) in self.leases:
            return self.release(fn, key, token)
        fields = self.fields(fn, self.tags_of((fn, key)))
        usable = self.is_usable(fn, key, fields) and generation is not None
        known = {field: self.epochs[field] for field in fields} if usable else None
        self.leases[fn, key] = dict(began=self.world.now, epochs=known, generation=generation, token=token)

    def release(self, fn, key, token):
        if token:
            self.world.scripts("release", [self.world.lease(fn, key)], token)

    def arrive(self):
        """A reply that was under way comes in."""
        world = self.world
        if not self.flights:
            return
        flight = self.flights.pop(world.random.randrange(len(self.flights)))
        (fn, key), raw, token = flight["place"], flight["raw"], flight["token"]
        fields = self.fields(fn, self.tags_of((fn, key)))
        if world.keeps("in-flight") and self.events.get((fn, key), 0) > flight["sequence"]:
            return self.miss(fn, key, None, token)
        if not self.may_read() or not self.is_usable(fn, key, fields):
            return self.miss(fn, key, None, token)
        if (fn, key) in self.local:
            return self.release(fn, key, token)
        if raw is None:
            return self.miss(fn, key, NONE, token)
        generation = raw[1:17]
        if raw[:1] == b"T":
            return self.miss(fn, key, generation, token)
        found = dict(part.split("=") for part in raw[17:].decode().split("|"))
        for field in fields:
            epoch = int(found[field])
            if not world.keeps("epoch-check") or field[0] == "t" and not world.keeps("tags"):
                continue
            if epoch > self.epochs[field]:
                self.learn(field, epoch)
            if epoch != self.epochs[field] or field in self.pending:
                return self.miss(fn, key, generation, token)
        if flight["ends"] <= world.now:
            return self.miss(fn, key, generation, token)
        self.release(fn, key, token)
        world.remote_hits += 1
        entry = dict(
            began=int(found["began"]), tags=self.tags_of((fn, key)), ends=flight["ends"],
            must_end=int(found["ends"]),
        )  # fmt: skip
        self.local[fn, key] = entry
        self.check(fn, key, entry, knows=True)

    def put(self):
        world = self.world
        if not self.leases:
            return
        place = world.random.choice(sorted(self.leases))
        lease = self.leases.pop(place)
        ends = world.now + TTL
        self.local[place] = dict(began=lease["began"], tags=self.tags_of(place), ends=ends, must_end=ends)
        if lease["epochs"] is not None:
            self.queue.append((place, lease, ends))
        else:
            self.release(*place, lease["token"])

    def send(self):
        """A put that waits is sent."""
        world = self.world
        if not self.queue:
            return
        (fn, key), lease, ends = self.queue.pop(world.random.randrange(len(self.queue)))
        epochs = lease["epochs"]
        if not world.keeps("epoch-at-lease"):
            epochs = {field: self.epochs[field] for field in epochs}
        rest = ends - world.now if world.keeps("rest-of-ttl") else TTL
        if rest <= 0:
            return self.release(fn, key, lease["token"])
        name = world.value(fn, key)
        parts = {**epochs, "began": lease["began"], "ends": ends}
        body = "|".join(f"{part}={value}" for part, value in parts.items()).encode()
        generation = lease["generation"]
        old = world.redis("GETRANGE", name, 0, 16) or b""
        if not world.keeps("generation") or not world.keeps("kept-generation") and old[:1] != b"T":
            world.redis("SET", name, b"V" + generation + body, "PX", 600000)
            stored = True
        else:
            stored = world.scripts(
                "put", [name, world.lease(fn, key)], generation, 600000, b"V" + generation + body, lease["token"] or ""
            )
        if stored:
            world.ends[name] = world.now + rest

    def clear(self, field):
        self.drop(field)
        self.pending.add(field)
        self.world.now += 1
        self.answers.append(Answer(self.world.now, field))

    def delete(self, fn, key):
        self.local.pop((fn, key), None)
        self.leases.pop((fn, key), None)
        self.pending_deletes[fn, key] = os.urandom(16)
        self.deleted[fn] = self.world.now
        self.world.now += 1
        self.answers.append(Answer(self.world.now, fn, key))

    # What is told to the others.

    def tell(self):
        world = self.world
        if self.pending:
            field = world.random.choice(sorted(self.pending))
            least = self.epochs.get(field, 0) + 1
            epoch = int(world.scripts("raise", [world.epochs, world.log], self.incarnation, field, least)[0])
            self.pending.discard(field)
            self.epochs[field] = epoch
            self.told(field, None)
            if world.keeps("clear-once-more"):
                self.drop(field)
        if self.pending_deletes:
            place = world.random.choice(sorted(self.pending_deletes))
            generation = self.pending_deletes.pop(place)
            self.told(*place)
            world.redis("SET", world.value(*place), b"T" + generation, "PX", 600000)
            world.ends[world.value(*place)] = world.now + TOMBSTONE
            world.redis("XADD", world.log, "*", "d", f"{place[0]}.{place[1]}", "by", self.incarnation)
            if world.keeps("own-delete"):
                self.deleted_elsewhere(place)

    def told(self, subject, key):
        for answer in self.answers:
            if (answer.subject, answer.key) == (subject, key) and answer.told is None:
                answer.told = self.world.now

    def deleted_elsewhere(self, place):
        self.sequence += 1
        self.events[place] = self.sequence
        self.local.pop(place, None)
        self.leases.pop(place, None)

    # What is heard.

    def connect(self):
        """A new connection for the log: were lines lost?"""
        world = self.world
        self.is_connected = True
        try:
            info = world.redis("XINFO", "STREAM", world.log)
        except RuntimeError:
            info = None
        facts = dict(zip(info[::2], info[1::2])) if info else {}
        last = number(facts.get(b"last-generated-id", b"0-0"))
        first = facts.get(b"first-entry")
        is_cut = facts.get(b"entries-added", 0) > facts.get(b"length", 0)
        is_behind = self.position < (number(first[0]) if first else last)
        is_other = last < self.position or is_behind and not is_cut and self.position != (0, 0)
        if is_other and world.keeps("gap") or is_behind and is_cut and world.keeps("trimmed"):
            self.position = last
            self.missed_lines()

    def missed_lines(self):
        for fn in FUNCTIONS:
            self.drop("f" + fn)
            for key in KEYS:
                self.deleted_elsewhere((fn, key))
        self.raise_deleted()

    def raise_deleted(self):
        """The server may have lost our tombstones."""
        if self.world.keeps("raise-deleted"):
            self.pending |= {"f" + fn for fn, at in self.deleted.items() if self.world.now - at < TOMBSTONE}

    def reconnected(self):
        self.disconnected()
        self.raise_deleted()

    def disconnected(self):
        self.is_connected = self.is_caught_up = False
        self.must_know = self.world.now

    def follow(self, to_the_end=False):
        world = self.world
        if not self.is_connected:
            self.connect()
        count = [] if to_the_end else ["COUNT", 1]
        streams = world.redis("XREAD", *count, "STREAMS", world.log, "%d-%d" % self.position)
        lines = streams[0][1] if streams else []
        for line, parts in lines:
            self.position = number(line)
            facts = dict(zip(parts[::2], parts[1::2]))
            if b"e" in facts:
                self.learn(facts[b"e"].decode(), int(facts[b"v"]))
            else:
                fn, key = facts[b"d"].decode().split(".")
                self.deleted_elsewhere((fn, int(key)))
        if to_the_end or world.random.random() < 0.3 or not lines and not self.is_caught_up:
            self.poll()
        if to_the_end or not lines:
            self.is_caught_up = True
            self.must_know = world.now

    def poll(self):
        for field in sorted(self.epochs):
            epoch = self.world.redis("HGET", self.world.epochs, field)
            self.learn(field, int(epoch or 0))

    def crash(self):
        if not self.world.keeps("pending-is-durable"):
            self.pending, self.pending_deletes = set(), {}
        self.boot()

    # What is promised.

    def check(self, fn, key, entry, knows):
        now = self.world.now
        assert now < entry["must_end"], f"{self.name}: {fn}.{key} is found {now - entry['must_end']} after its time"
        assert_younger(self.answers, fn, key, entry["began"], f"on {self.name}, which did it")
        # What a server forgets may take a while to be told again.
        for other in self.world.hosts if knows and not self.world.has_faults else []:
            heard = [a for a in other.answers if a.told is not None and a.told < self.must_know]
            assert_younger(heard, fn, key, entry["began"], f"by {other.name}, and {self.name} is up")


class Answer:
    """A clear or delete: when it was answered, and when the server had it."""

    def __init__(self, at, subject, key=None):
        self.at, self.subject, self.key, self.told = at, subject, key, None

    def means(self, fn, key):
        if self.key is not None:
            return (self.subject, self.key) == (fn, key)
        return self.subject in ("n", "f" + fn) or self.subject[0] == "t" and TAGS.index(self.subject[1:]) == key

    def __str__(self):
        return f"a {'clear' if self.key is None else 'delete'} of {self.subject} {self.key or ''} at {self.at}"


def number(text):
    return tuple(map(int, text.decode().split("-")))


def assert_younger(answers, fn, key, began, what):
    for answer in answers:
        assert began >= answer.at or not answer.means(fn, key), f"{fn}.{key} of {began} after {answer} {what}"
