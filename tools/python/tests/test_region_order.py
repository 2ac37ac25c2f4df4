"""The order in which published memory is written and read: every execution of small programs that C11 allows.

A machine of views, as that of Kang et al. (POPL 2017) without promises: each location has a history of writes, and each
thread knows up to where it has seen it. A release hands on what its thread has seen; an acquire takes that over; a relaxed
load may find any write that its thread is not past. The steps are those of RegionWriter and RegionReader; that each of
them is needed is shown by leaving it out."""

import pytest

BEGIN = {"publication": 1, "first": 1, "second": 1, "word": 0, "alive": 1, "told": 1}


def later(one, other):
    return {place: max(one.get(place, 0), other.get(place, 0)) for place in one.keys() | other.keys()}


class Machine:
    """Runs one writer, a list of steps, beside one reader, a generator that asks for loads and is sent what they find."""

    def __init__(self, writer, reader, until=lambda outcome: False):
        """`until`: an outcome after which no more are looked for."""
        self.writer, self.reader, self.until = writer, reader, until
        self.is_over = False
        self.outcomes = []
        memory = {place: ((value, {}),) for place, value in BEGIN.items()}
        self.explore(memory, 0, ({}, {}), ({}, {}), ())

    def explore(self, memory, step, wrote, seen, found):
        """`wrote`: what the writer has done, and what a fence of it has handed on; `seen`: what the reader is past, and what
        it would be after a fence."""
        if self.is_over:
            return
        reader = self.reader()
        try:
            ask = next(reader)
            for value in found:
                ask = reader.send(value)
        except StopIteration as end:
            self.outcomes.append(end.value)
            self.is_over = self.until(end.value)
            return
        if step < len(self.writer):
            self.write(memory, step, wrote, seen, found)
        if ask == "fence":
            self.explore(memory, step, wrote, (later(*seen), seen[1]), (*found, None))
            return
        place, acquires = ask
        for number in range(seen[0].get(place, 0), len(memory[place])):
            value, view = memory[place][number]
            past = {**seen[0], place: number}
            behind_fence = later(later(seen[1], view), past)
            self.explore(memory, step, wrote, (later(past, view) if acquires else past, behind_fence), (*found, value))

    def write(self, memory, step, wrote, seen, found):
        done, handed_on = wrote
        if self.writer[step] == "fence":
            handed_on = done
        else:
            place, value, releases = self.writer[step]
            done = {**done, place: len(memory[place])}
            view = done if releases else later(handed_on, {place: done[place]})
            memory = {**memory, place: (*memory[place], (value, view))}
        self.explore(memory, step + 1, (done, handed_on), seen, found)


def told(number):
    """The reply to whoever asked for the change, who may tell the reader."""
    return [("told", number, True)]


def publish(number, fence=True, releases=True):
    """Over what stood there, which is killed first."""
    return [
        ("publication", 0, False),
        *(["fence"] if fence else []),
        ("first", number, False),
        ("second", number, False),
        ("publication", number, releases),
        *told(number),
    ]


def unpublish():
    """And its bytes are zeroed."""
    return [("publication", 0, False), *told(9), "fence", ("first", 0, False), ("second", 0, False)]


def clear():
    return [("word", 9, True), *told(9)]


def death():
    """The kernel marks the word before it lets go of the lock; a successor has the lock before it answers anybody."""
    return [("alive", 0, False), *told(9)]


def reader(*looks, fence=True, acquires=True, second_look=True):
    """`looks`: what it looks at before it takes the value, of the words that matter to a program."""

    def read():
        least = yield "told", True
        publication = yield "publication", acquires
        if publication == 0:
            return None
        first, second = (yield "first", False), (yield "second", False)
        if fence:
            yield "fence"
        if second_look and (yield "publication", False) != publication:
            return None
        if "word" in looks and (yield "word", False) > publication:
            return None
        if "alive" in looks and (yield "alive", False) != 1:
            return None
        return least, publication, first, second

    return read


def is_right(outcome):
    """A miss; or whole, and not from before what the reader was told."""
    if outcome is None:
        return True
    least, publication, first, second = outcome
    return first == second == publication >= least


PROGRAMS = {
    "overwritten twice": (publish(2) + publish(3), reader()),
    "overwritten, then deleted": (publish(2) + unpublish(), reader()),
    "deleted, and its memory used again": (unpublish() + publish(10), reader()),
    "overwritten, then cleared": (publish(2) + clear(), reader("word")),
    "cleared, and its memory used again": (clear() + publish(10), reader("word")),
    "overwritten, then another daemon": (publish(2) + death(), reader("alive")),
}
OMISSIONS = {
    "the reader's fence": (publish(2) + publish(3), reader(fence=False)),
    "the first load's acquire": (publish(2) + publish(3), reader(acquires=False)),
    "the second look": (publish(2) + publish(3), reader(second_look=False)),
    "the writer's fence": (publish(2, fence=False) + publish(3, fence=False), reader()),
    "the release of the number": (publish(2, releases=False) + publish(3, releases=False), reader()),
    "the function's word": (publish(2) + clear(), reader()),
    "the daemon's life": (publish(2) + death(), reader()),
}


@pytest.mark.parametrize("program", list(PROGRAMS))
def test_no_execution_reads_what_is_torn_or_old(program):
    outcomes = Machine(*PROGRAMS[program]).outcomes
    assert all(map(is_right, outcomes))
    assert any(outcomes) and None in outcomes


@pytest.mark.parametrize("omission", list(OMISSIONS))
def test_each_part_is_needed(omission):
    outcomes = Machine(*OMISSIONS[omission], until=lambda outcome: not is_right(outcome)).outcomes
    assert not is_right(outcomes[-1])
