"""Arguments become keys as functools groups them."""

import dataclasses
import enum
import itertools
import random
from decimal import Decimal
from fractions import Fraction
from functools import _make_key

import pytest

from memod._codec.codec import Unstorable
from memod._decorator.event_key import mark_of_text
from memod._identity.keys import key_text


def key(*args, **kwds):
    return key_text(args, kwds, False)[0]


def typed(*args, **kwds):
    return key_text(args, kwds, True)[0]


def test_plain_arguments_are_plain():
    assert key(20, 0.05, "a", None) == '[20,0.05,"a",null]'
    assert key() == "[]"
    assert key(1, b=2) == '[1,{"$memod":"kw","v":[["b",2]]}]'


NUMBERS = [0, 1, True, False, 1.0, -0.0, 1 + 0j, Decimal(1), Decimal("1.0"), Fraction(1), 0.5, Fraction(1, 2)]
NUMBERS += [
    Decimal("0.5"),
    0.1,
    Decimal("0.1"),
    Fraction(1, 10),
    1e22,
    10**22,
    10**23,
    1e23,
    2**53,
    2.0**53 + 2,
]
NUMBERS += [2j, complex(0, 2), float("inf"), Decimal("Infinity"), -1, 1e300, int(1e300), 10**5000]
OTHERS = [
    "1",
    "",
    (1,),
    (1.0,),
    (),
    ((True,), "x"),
    frozenset([1, 2]),
    frozenset([2, 1.0]),
    b"1",
    None,
    range(3),
]


@pytest.mark.parametrize("shape", ["one", "two", "keyword", "nested", "order"])
def test_keys_are_equal_where_functools_says_so(shape):
    shapes = {
        "one": lambda x: ((x,), {}),
        "two": lambda x: ((x, 0), {}),
        "keyword": lambda x: ((), {"x": x}),
        "nested": lambda x: (((x, "n"),), {}),
        "order": lambda x: ((), {"b": 1, "a": x}),
    }
    for use_types in (False, True):
        calls = [shapes[shape](value) for value in NUMBERS + OTHERS]
        for (args, kwds), (others, other_kwds) in itertools.combinations(calls, 2):
            theirs = _make_key(args, kwds, use_types) == _make_key(others, other_kwds, use_types)
            ours = key_text(args, kwds, use_types)[0] == key_text(others, other_kwds, use_types)[0]
            assert ours == theirs, (args, kwds, others, other_kwds, use_types)


def test_order_of_keywords_counts():
    assert key(a=1, b=2) != key(b=2, a=1)
    assert key(("a", 1)) != key(a=1)
    assert key("a", 1) != key(a=1)


def test_nothing_passes_for_a_tag():
    class Quiet(dict):
        pass

    assert key("$memod") == '["$memod"]'
    for fake in [("kw",), ("tuple", 1)]:
        assert key(fake) != key(*fake)


class Level(enum.IntEnum):
    LOW = 1


@dataclasses.dataclass(frozen=True)
class Point:
    x: float

    def length(self):
        return abs(self.x)


def test_objects_keep_their_types_and_their_code():
    texts = [key(Point(1), 0), key(Point(1.0), 0), key(Point(True), 0), key(Level.LOW, 0), key(1, 0)]
    assert len(set(texts)) == 5
    before = key(Point(1))
    length = Point.length
    try:
        Point.length = lambda self: 0
        assert key(Point(1)) != before
    finally:
        Point.length = length
    assert key(Point(1)) == before


class Plain:
    pass


@pytest.mark.parametrize(
    "value",
    [Plain(), object(), len, lambda: 1, (1, Plain()), "x" * (1 << 20)],
    ids=lambda v: type(v).__name__,
)
def test_what_has_no_name_stays_in_the_process(value):
    with pytest.raises(Unstorable):
        key(value)


def test_classes_are_arguments_too():
    assert key(Point) == key(Point) != key(Level)


def test_events_spell_keys_as_they_like():
    for one, other in (
        ("[1, 5e-2, 1e2]", "[1.0,0.05,100]"),
        ('[{"b":1,"a":"\\u0041"}]', '[{"a":"A","b":1}]'),
        ("[1e23]", f"[1{'0' * 23}]"),
        ("[1]", "[1.0]"),
    ):
        assert mark_of_text(one) == mark_of_text(other) is not None
    assert mark_of_text("[1]") != mark_of_text("[2]")
    assert mark_of_text("[") is None
    assert mark_of_text(f"[1{'0' * 400}]") is None


def test_random_calls_never_collide():
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)

    def value(depth=0):
        kinds = [
            lambda: chance.randrange(3),
            lambda: chance.choice(["", "a", "1"]),
            lambda: None,
            lambda: chance.random() < 0.5,
        ]
        if depth < 3:
            kinds += [lambda: tuple(value(depth + 1) for _ in range(chance.randrange(3)))] * 2
            kinds += [lambda: frozenset(value(depth + 1) for _ in range(2))]
        return chance.choice(kinds)()

    seen = {}
    for _ in range(3000):
        args = tuple(value() for _ in range(chance.randrange(3)))
        kwds = {name: value() for name in chance.sample("abc", chance.randrange(2))}
        made = _make_key(args, kwds, False)
        assert seen.setdefault(key_text(args, kwds, False)[0], made) == made
    assert len(seen) > 100
