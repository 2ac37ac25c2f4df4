"""Runs kinds of faults in turn and prints a table."""

import argparse
import random
import sys
import threading
import time
import traceback

from damage import damage
from disk import disk, once, start
from hang import hang
from kills import kills
from power import power
from second import second

KINDS = {
    "kills": (kills, "F1: SIGKILL at any time, at any change, during a start"),
    "power": (power, "F2: power loss at any point, writes dropped, torn, in another order"),
    "disk": (disk, "F3: writes, syncs, reads and opens that fail for a while"),
    "once": (once, "F29: the same, one call only"),
    "start": (start, "F29: one call of a start"),
    "damage": (damage, "F5, F24: files flipped, cut, zeroed, removed, replaced by older ones"),
    "hang": (hang, "F20: a file system that hangs"),
    "second": (second, "F21: a second fault during the recovery from the first"),
}


class Report:
    """What a kind of fault came to."""

    def __init__(self, name):
        self.name, self.rounds, self.seconds, self.slowest = name, 0, 0.0, 0.0
        self.broken = []
        self.seed = None

    def step(self):
        self.rounds += 1

    def start_took(self, seconds):
        self.slowest = max(self.slowest, seconds)

    @staticmethod
    def wait(seconds):
        threading.Event().wait(seconds)

    def violation(self, text, daemon=None):
        self.broken.append(text)
        print(f"{self.name} (--seed {self.seed}): {text}", flush=True)
        if daemon:
            for line in daemon.said().splitlines()[-6:]:
                print(f"    {line[:300]}", flush=True)

    def violations(self, texts, daemon=None):
        for text in texts:
            self.violation(text, daemon)
        del texts[:]


def main():
    parser = argparse.ArgumentParser(prog="tools/torture", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="these only")
    parser.add_argument("--seconds", type=float, default=60, help="for all of them together (60)")
    parser.add_argument("--seed", type=int, help="the first round's, so that it can be repeated")
    parser.add_argument("--list", action="store_true", help="print the kinds")
    arguments = parser.parse_args()
    if arguments.list:
        for name, (_, what) in KINDS.items():
            print(f"{name:8} {what}")
        return 0
    unknown = [name for name in arguments.kinds if name not in KINDS]
    if unknown:
        parser.error(f"there is no {unknown[0]}; the kinds are {', '.join(KINDS)}")
    names = arguments.kinds or list(KINDS)
    seed = random.SystemRandom().randrange(1 << 32) if arguments.seed is None else arguments.seed
    print(f"--seed {seed}", flush=True)
    reports = {name: Report(name) for name in names}
    ends = time.monotonic() + arguments.seconds
    round_number = 0
    # Each has its turn at least once, and then whoever has had the least time.
    while round_number < len(names) or time.monotonic() < ends:
        report = min(reports.values(), key=lambda report: report.seconds)
        report.seed = seed + round_number
        round_number += 1
        began = time.monotonic()
        try:
            KINDS[report.name][0](random.Random(report.seed), report)
        except Exception:  # noqa: BLE001: a fault of the harness is a failure too
            report.violation(traceback.format_exc())
        report.seconds += max(0.001, time.monotonic() - began)
    print(f"\n{'KIND':8} {'ROUNDS':>7} {'VIOLATIONS':>10} {'SECONDS':>8} {'SLOWEST START':>13}")
    for name, report in reports.items():
        slowest = f"{report.slowest * 1000:.0f} ms" if report.slowest else "-"
        print(f"{name:8} {report.rounds:7} {len(report.broken):10} {report.seconds:8.0f} {slowest:>13}")
    broken = sum(len(report.broken) for report in reports.values())
    print(f"{'all is as promised' if not broken else f'{broken} promises broken'}; --seed {seed}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
