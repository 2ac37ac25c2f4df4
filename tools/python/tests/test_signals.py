"""What a signal handler raises reaches the program, wherever in a call it comes."""

from __future__ import annotations

import _thread
import select
import signal
import socket
import sys
import traceback
import warnings

import memod
import pytest
from memod._identity import code_store, library_code

SCALE = 3


class OutOfTime(Exception):
    pass


@pytest.fixture
def handled():
    def handler(number, frame):
        raise OutOfTime

    before = signal.signal(signal.SIGUSR2, handler)
    yield
    signal.signal(signal.SIGUSR2, before)


#: Where the interpreter lets handlers run: as a function begins, and as one of C's has returned.
MOMENTS = frozenset(("call", "c_return"))


def count_moments(call):
    count = 0

    def profile(frame, event, _):
        nonlocal count
        count += event in MOMENTS

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return count


def swallowed(call, number):
    """Where the exception of a signal that comes at that moment of a call was swallowed, or ""."""
    left, place = number, []

    def profile(frame, event, _):
        nonlocal left, place
        left -= event in MOMENTS
        if not left and not place:
            place = traceback.extract_stack(frame)
            signal.raise_signal(signal.SIGUSR2)

    lost = []
    before, sys.unraisablehook = sys.unraisablehook, lambda said: lost.append(said.exc_type)
    sys.setprofile(profile)
    try:
        call()
    except OutOfTime:
        return ""
    finally:
        sys.setprofile(None)
        sys.unraisablehook = before
    if lost or any(each.name == "__repr__" and each.filename == socket.__file__ for each in place):
        return ""  # finalizers let nothing through; that of a socket, which describes it, does not say so
    return "".join(traceback.format_list(place[-8:]))


def swept(prepare, steps=0):
    """The places where it was swallowed, of all moments of what `prepare` returns or of about so many of them."""
    for _ in range(3):
        count = count_moments(prepare())  # less and less, as things are remembered
    assert count > 50
    stride = max(1, count // steps) if steps else 1
    found = [swallowed(prepare(), number) for number in range(1, count, stride)]
    return sorted(set(filter(None, found)))


@pytest.mark.parametrize("options", [{}, {"ttl": 60}], ids=["plain", "ttl"])
def test_at_any_moment_of_a_miss(daemon, handled, options):
    @memod.memoize(name="missed", **options)
    def f(x):
        return (x, {1.5: x})

    f(0)
    number = iter(range(1, 1 << 30))

    def prepare():
        argument = (next(number), 2.5)
        return lambda: f(argument)

    assert swept(prepare) == []


def test_at_any_moment_of_a_subscription(daemon, handled):
    number = iter(range(1, 1 << 30))

    def prepare():
        heard = memod.memoize(name=f"heard{next(number)}")(len)  # of which no events arrive yet
        return lambda: heard("abc")

    assert swept(prepare) == []
    last = memod.memoize(name="heard")(len)
    assert last("abc") == 3 and str(last.cache_scope()) == "shared"


def scaled(x):
    return x * SCALE


def test_at_any_moment_of_a_fingerprint_and_its_look(daemon, handled, monkeypatch):
    number = iter(range(1, 1 << 30))
    scaled_here = memod.memoize(scaled)
    scaled_here(0)

    def prepare():
        argument = next(number)
        monkeypatch.setitem(globals(), "SCALE", argument)  # so that it is looked at again
        return lambda: scaled_here(argument)

    assert swept(prepare, 400) == []


def test_nothing_is_concluded_of_it(handled, monkeypatch):
    import colorsys

    known = library_code.facts_of(colorsys)
    assert known is not None
    monkeypatch.delitem(library_code.FACTS.known, "colorsys")
    monkeypatch.setattr(library_code.FACTS, "_kept", None)

    def read(place, limit=-1):
        signal.raise_signal(signal.SIGUSR2)

    with monkeypatch.context() as patch:
        patch.setattr(code_store, "read_marked", read)
        with pytest.raises(OutOfTime):
            library_code.facts_of(colorsys)
    assert library_code.facts_of(colorsys) == known


def leaves(number, frame):
    signal.signal(number, signal.SIG_DFL)
    raise OutOfTime


def leaves_unnamed(*arguments):
    signal.signal(arguments[0], signal.SIG_DFL)
    raise TimeoutError


@pytest.mark.parametrize("handler", [leaves, leaves_unnamed])
def test_from_a_handler_that_is_there_no_longer(handled, monkeypatch, handler):
    import colorsys

    monkeypatch.delitem(library_code.FACTS.known, "colorsys", raising=False)
    signal.signal(signal.SIGUSR2, handler)
    monkeypatch.setattr(library_code.FACTS, "_find", lambda *_: signal.raise_signal(signal.SIGUSR2))
    with pytest.raises((OutOfTime, TimeoutError)):
        library_code.facts_of(colorsys)
    assert "colorsys" not in library_code.FACTS.known


def test_others_in_the_place_of_what_the_listener_uses(daemon, monkeypatch):
    first = memod.memoize(name="before")(len)
    assert first("abc") == 3

    def refuse(*_):
        raise AssertionError("this is for another kind of threads")

    for module, name in ((select, "poll"), (_thread, "allocate_lock"), (_thread, "start_new_thread"), (_thread, "RLock")):
        monkeypatch.setattr(module, name, refuse)  # as gevent does
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("second", "third", "fourth"):
            other = memod.memoize(name=name)(len)
            assert other("abc") == 3 and str(other.cache_scope()) == "shared"
