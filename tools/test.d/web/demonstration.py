"""A mixed load for some minutes, and what memod and its page say of it beside what this program counted.

    demonstration.py MINUTES
"""

import bisect
import itertools
import json
import random
import sys
import time
from dataclasses import dataclass, field

import browser
from harness import Daemon, Web, until

CHUNK = 200
COST_MS = 4
WITHIN_CURVE = 0.02
WITHIN_PROMISE = 0.03


@dataclass
class Function:
    name: str
    keys: object
    share: int
    maxsize: int | None
    hits: int = 0
    misses: int = 0
    asked: list = field(default_factory=list)
    minutes: dict = field(default_factory=dict)

    @property
    def ratio(self):
        return self.hits / max(1, self.hits + self.misses)

    def count(self, hit):
        self.hits += hit
        self.misses += not hit
        row = self.minutes.setdefault(int(time.time() // 60) * 60_000, [0, 0])
        row[not hit] += 1


def zipf(keys, exponent, chance):
    """Keys by Zipf's law, whose places in the order are mixed."""
    sums = list(itertools.accumulate(1 / rank**exponent for rank in range(1, keys + 1)))
    names = list(range(keys))
    chance.shuffle(names)
    while True:
        yield names[bisect.bisect_left(sums, chance.random() * sums[-1])]


def fading(keys, chance):
    """Whichever is popular moves on."""
    for step in itertools.count():
        yield step // 30 + min(chance.randrange(keys), chance.randrange(keys))


def once(chance):
    """Two thirds of the keys are asked once."""
    for step in itertools.count():
        yield 1000 + step if chance.random() < 2 / 3 else chance.randrange(200)


def functions(chance):
    return [
        Function("geo.distance", zipf(3000, 0.9, chance), 8, 300),
        Function("risk.score", fading(900, chance), 5, 200),
        Function("rates.lookup", (step % 40 for step in itertools.count()), 3, 5000),
        Function("thumbnails", once(chance), 3, 1000),
        Function("unbounded", zipf(2000, 1.1, chance), 2, None),
        Function("seldom", zipf(100, 0.5, chance), 0, 20),
    ]


def work(daemon, everything, seconds):
    """Look-ups in an even mixture, each miss followed by a put, as memoizing does."""
    turns = [one for one in everything for _ in range(one.share)]
    seldom = [one for one in everything if one.share == 0]
    end = time.monotonic() + seconds
    peer = daemon.peer
    while time.monotonic() < end:
        for one in turns + seldom * (random.random() < 0.3):
            keys = [next(one.keys) for _ in range(CHUNK if one.share else 3)]
            # One after the other: whether the second of two equal keys hits depends on the first one's put.
            for key in keys:
                one.asked.append(key)
                peer.socket.sendall(b'{"op":"get","fn":"%s","key":%d}\n' % (one.name.encode(), key))
                hit = json.loads(peer.file.readline())["hit"]
                one.count(hit)
                if not hit:
                    daemon.call(op="put", fn=one.name, key=key, value="v%d" % key, cost_ms=COST_MS)


def real_ratios(keys, sizes):
    """Hit ratios of least-recently-used caches, by the number of other keys since a key's last use (Fenwick's sums)."""
    sums = [0] * (len(keys) + 1)

    def add(place, change):
        while place <= len(keys):
            sums[place] += change
            place += place & -place

    def through(place):
        total = 0
        while place:
            total += sums[place]
            place &= place - 1
        return total

    last, hits = {}, [0] * len(sizes)
    for now, key in enumerate(keys, 1):
        if before := last.get(key):
            distance = len(last) - through(before)
            for index in range(bisect.bisect_right(sizes, distance), len(sizes)):
                hits[index] += 1
            add(before, -1)
        add(now, 1)
        last[key] = now
    return [count / len(keys) for count in hits]


class Comparison:
    def __init__(self):
        self.wrong = 0

    def line(self, what, told, own, within=0):
        good = abs(told - own) <= within
        self.wrong += not good
        if isinstance(own, float):
            told, own = f"{told:.4f}", f"{own:.4f}"
        print(f"  {what:<58}{told:>12}{own:>12}  {'' if good else '<< differs'}", flush=True)


def compare_counts(shown, web, everything, seconds):
    stats, rows = web.json("stats"), {row["fn"]: row for row in web.json("functions")["functions"]}
    shown.line("stats: hits", stats["hits"], sum(one.hits for one in everything))
    shown.line("stats: misses", stats["misses"], sum(one.misses for one in everything))
    for one in everything:
        row = rows[one.name]
        shown.line(f"{one.name}: hits", row["hits"], one.hits)
        shown.line(f"{one.name}: misses", row["misses"], one.misses)
        shown.line(f"{one.name}: saved ms", row["saved_ms"], one.hits * COST_MS)
        history = web.json("history", fn=one.name, span_ms=3_600_000, points=60)
        assert history["step_ms"] == 60_000, history["step_ms"]
        steps = {point["at"]: point for point in history["points"]}
        shown.line(f"{one.name}: history, hits", sum(point["hits"] for point in steps.values()), one.hits)
        shown.line(f"{one.name}: history, misses", sum(point["misses"] for point in steps.values()), one.misses)
        shown.line(f"{one.name}: history, evictions", sum(point["evictions"] for point in steps.values()),
                   one.misses - row["currsize"])
        # Look-ups at the turn of a minute may be told of one or the other: the clocks of two processes, and half a second.
        apart = max(abs(steps[at]["hits"] - hits) + abs(steps[at]["misses"] - misses)
                    for at, (hits, misses) in one.minutes.items())
        shown.line(f"{one.name}: history, most that a minute is apart", apart, 0,
                   within=CHUNK + len(one.asked) / seconds)


def compare_page(shown, web, everything):
    if not browser.is_there():
        print("  There is no chromium: the page is not read.")
        return
    page = browser.Browser()
    try:
        page.open(web.address)
        page.until("document.querySelectorAll('.functions tbody tr').length === arguments[0]", len(everything))
        cells = {row[0]: row for row in page.run(
            "return [...document.querySelectorAll('.functions tbody tr')]"
            ".map((row) => [...row.cells].map((cell) => cell.textContent))")}
        for one in everything:
            row = cells[one.name]
            shown.line(f"page: {one.name}: hits", int(row[3].replace(",", "")), one.hits)
            shown.line(f"page: {one.name}: misses", int(row[4].replace(",", "")), one.misses)
            shown.line(f"page: {one.name}: hit ratio", float(row[5].rstrip(" %")) / 100, one.ratio, within=0.0006)
        assert page.complaints() == []
    finally:
        page.close()


def compare_advice(shown, web, everything):
    """What is suggested, by function."""
    suggested = {}
    for one in everything:
        if one.maxsize is None:
            continue
        told = [None]

        def settled(name=one.name, told=told):
            before, told[0] = told[0], web.json("advise", fn=name)["functions"][0]
            time.sleep(1)
            return before is not None and told[0]["curve"] == before["curve"]

        until("advice on all look-ups", settled)
        row = told[0]
        curve = row["curve"]
        real = real_ratios(one.asked, [point["maxsize"] for point in curve])
        off = [abs(point["hit_ratio"] - ratio) for point, ratio in zip(curve, real)]
        worst = off.index(max(off))
        shown.line(
            f"{one.name}: advice, at {curve[worst]['maxsize']} of {curve[0]['maxsize']} to {curve[-1]['maxsize']}, the worst",
            curve[worst]["hit_ratio"], real[worst], within=WITHIN_CURVE)
        if "suggest" in row:
            suggested[one.name] = row["suggest"]
            print(f"    suggested: {row['suggest']}")
        else:
            print(f"    {row['reason']}")
    return suggested


def main():
    seconds = float(sys.argv[1]) * 60
    seed = random.randrange(1 << 32)
    everything = functions(random.Random(seed))
    daemon = Daemon()
    web = Web(daemon)
    shown = Comparison()
    try:
        for one in everything:
            if one.maxsize is not None:
                daemon.call(op="define", fn=one.name, maxsize=one.maxsize)
        print(f"{len(everything)} functions for {seconds:.0f} s, seed {seed}\n\n  {'':<58}{'told':>12}{'counted':>12}")
        work(daemon, everything, seconds)
        compare_counts(shown, web, everything, seconds)
        compare_page(shown, web, everything)
        suggested = compare_advice(shown, web, everything)
        print("\nAs it was advised:")
        for name, suggestion in suggested.items():
            daemon.call(op="define", fn=name, maxsize=suggestion["maxsize"])
        # Until the larger caches are full.
        work(daemon, everything, seconds / 6)
        before = {one.name: (one.hits, one.misses) for one in everything}
        work(daemon, everything, seconds / 3)
        for one in everything:
            if one.name in suggested:
                hits, misses = (now - then for now, then in zip((one.hits, one.misses), before[one.name]))
                shown.line(f"{one.name}: hit ratio promised and reached", suggested[one.name]["hit_ratio"],
                           hits / (hits + misses), within=WITHIN_PROMISE)
    finally:
        web.close()
        daemon.close()
    print(f"\n{shown.wrong} differ" if shown.wrong else "\nAll agree.")
    return 1 if shown.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
