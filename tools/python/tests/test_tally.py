"""Counts of hits and misses that threads add to without a lock."""

import sys
import threading

import memod
from memod._decorator.tally import Tally


def test_what_is_looked_at_is_not_counted():
    tally = Tally()
    assert [tally.value() for _ in range(3)] == [0, 0, 0]
    tally.add(), tally.add()
    assert [tally.value() for _ in range(3)] == [2, 2, 2]
    tally.add()
    assert tally.value() == 3


def together(count, work):
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    finally:
        sys.setswitchinterval(interval)


def test_nothing_is_lost_between_threads():
    tally = Tally()
    together(8, lambda _: [tally.add() for _ in range(5_000)])
    assert tally.value() == 40_000


def test_hits_of_the_daemon_and_misses_are_counted_whoever_looks(daemon):
    def number(x):
        return x

    def fresh(**options):
        return memod.lru_cache(maxsize=None, name="number", **options)(number)

    first = fresh()
    for each in range(400):
        first(each)
    for again in (fresh(), fresh(ttl=60)):  # the second has a front of its own, and takes none without an age
        together(4, lambda part: [again(each) for each in range(part * 100, part * 100 + 120)])
        info = again.cache_info()
        assert info.hits + info.misses == 480 and info.currsize >= 400
    assert fresh().cache_info() == (0, 0, None, 0)


def test_a_call_that_began_before_all_was_forgotten_counts_for_nothing_after(daemon):
    entered, leave, asked = threading.Event(), threading.Event(), []

    def key(x):
        asked.append(x)
        if asked.count("waits") == 2 and x == "waits":  # first for the place in this process, then for the daemon
            entered.set()
            assert leave.wait(60)
        return 1

    def number(x):
        return 5

    memod.lru_cache(maxsize=None, name="keyed", key=key)(number)("stores")
    made = memod.lru_cache(maxsize=None, name="keyed", key=key)(number)
    results = []
    thread = threading.Thread(target=lambda: results.append(made("waits")))
    thread.start()
    assert entered.wait(60)
    made.__memod__._forget_all()
    leave.set()
    thread.join()
    assert results == [5] and made.cache_info()[:2] == (0, 0)
    assert made("counts") == 5 and sum(made.cache_info()[:2]) == 1
