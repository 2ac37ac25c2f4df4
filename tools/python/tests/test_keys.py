"""Arguments become keys: equal ones of other types or signs are others, and no two keys are one."""

import copy
import dataclasses
import enum
import itertools
import json
import random
import struct
import sys
from decimal import Decimal
from fractions import Fraction

import pytest

from memod._codec import strings
from memod._codec.codec import Unstorable
from memod._decorator.event_key import mark_of
from memod._identity import keys
from memod._identity.fingerprint import Fingerprint
from memod._identity.keys import key_text


def key(*args, **kwds):
    return key_text(args, kwds)[0]


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


def exact(value):
    """A text that tells a value's type and sign from others, nested ones too."""
    if isinstance(value, frozenset):
        return "frozenset", sorted(map(exact, value), key=repr)
    if isinstance(value, tuple):
        return "tuple", list(map(exact, value))
    return type(value).__name__, repr(value)


@pytest.mark.parametrize("shape", ["one", "two", "keyword", "nested", "order"])
def test_keys_are_equal_where_types_and_values_are(shape):
    sys.set_int_max_str_digits(0) if hasattr(sys, "set_int_max_str_digits") else None
    shapes = {
        "one": lambda x: ((x,), {}),
        "two": lambda x: ((x, 0), {}),
        "keyword": lambda x: ((), {"x": x}),
        "nested": lambda x: (((x, "n"),), {}),
        "order": lambda x: ((), {"b": 1, "a": x}),
    }
    values = NUMBERS + OTHERS
    for one, other in itertools.combinations([*values, *copy.deepcopy(values)], 2):
        ours = key_text(*shapes[shape](one))[0] == key_text(*shapes[shape](other))[0]
        assert ours == (exact(one) == exact(other)), (one, other)


def test_the_daemon_tells_keys_apart_too(client):
    # It compares numbers by value: what equals another says of which type it is.
    values = [0.0, -0.0, 0, False, 1.0, 1, True, 2.0**53, 2**53, 1e300, -1e16, 1.5, Decimal("1.5")]
    for place, value in enumerate(values):
        line = f'{{"op":"put","fn":"exact","key":{key(value)},"value":{place}}}\n'
        assert client._live().exchange([line.encode()])[0]["stored"] is True
    for place, value in enumerate(values):
        line = f'{{"op":"get","fn":"exact","key":{key(value)}}}\n'
        assert client._live().exchange([line.encode()])[0]["value"] == place
    spelt = sorted(repr(row["key"]) for row in client.keys("exact")["keys"])
    assert spelt == sorted(repr([value]) for value in values)


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
    [Plain(), object(), len, lambda: 1, (1, Plain())],
    ids=lambda v: type(v).__name__,
)
def test_what_has_no_name_stays_in_the_process(value):
    with pytest.raises(Unstorable):
        key(value)


def test_classes_are_arguments_too():
    assert key(Point) == key(Point) != key(Level)


def test_events_spell_keys_as_they_like():
    for args, spelt in (
        ((1, 0.05, 100), "[1, 5e-2, 100]"),
        ((1.5e-7, 2**63 - 1, -(2**63)), "[15e-8,9223372036854775807,-9223372036854775808]"),
        (("A\u2028/", (1,)), '["\\u0041\\u2028\\/", {"v": [1], "$memod": "tuple"}]'),
        ((7.0,), '[{"v":"7.0","$memod":"float"}]'),
        ((Level.LOW,), key(Level.LOW)),
    ):
        assert hash(key(*args)) == mark_of(json.loads(spelt))
    assert mark_of([1]) != mark_of([2])
    assert mark_of([float("inf")]) is None


def test_events_have_the_keys_that_were_sent(client):
    calls = [(0.1, 1e-7, 1e22, 3), (Point(1.5), "x"), (b"x" * 5000,), (Decimal("1.10"), frozenset("ab"))]
    client.subscribe("told")
    for args in calls:
        line = f'{{"op":"put","fn":"told","key":{key(*args)},"value":1}}\n'
        client._live().exchange([line.encode()], 0.0, client._events)
    told = [client._next_event(5)["key"] for _ in calls]
    assert list(map(mark_of, told)) == [hash(key(*args)) for args in calls]


def test_what_is_large_goes_by_its_digest():
    assert len(key("x" * (1 << 20))) < 200 and key("x" * (1 << 20)) == key("x" * (1 << 20))
    big = bytes(5000)
    others = [big, bytes(5001), bytes(4999) + b"x", "x" * 20_000, "x" * 20_001, tuple(range(5000)), (big,)]
    assert len({key(each) for each in others}) == len(others)
    assert len(key(big, 1, name=big)) < 400 and "blake2b" not in key(big)


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
        made = exact((args, tuple(kwds.items())))
        assert seen.setdefault(key_text(args, kwds)[0], made) == made
    assert len(seen) > 100


def compiled_text():
    return pytest.importorskip("memod._compiled.speedups").call_text


@pytest.mark.parametrize("made", [lambda: keys.python_text, compiled_text], ids=["python", "compiled"])
def test_plain_arguments_have_the_same_key_either_way(monkeypatch, made):
    call_text = made()
    monkeypatch.setattr(keys, "call_text", call_text)
    chance = random.Random(3)
    kinds = [
        lambda: chance.choice([0, -1, 7, 10**6, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, True, False, None]),
        lambda: chance.choice([0.5, 1.0, -0.0, 1e22, 1e-7, 1.5e300, float("inf"), float("nan"), 0.1 + 0.2]),
        lambda: chance.choice(["", "a", 'q"\\\n\t\r\b\f\v\x00\x1f\x7f', "ü", "\ud800", "x" * 20_000, b"x", (1,), [2]]),
        lambda: container(chance, chance.choice([*kinds[:3], lambda: chance.choice("abc")])),
    ]
    quick = 0
    for _ in range(3000):
        args = tuple(chance.choice(kinds)() for _ in range(chance.randrange(4)))
        kwds = {chance.choice(["a", "b c", 'q"', "é", ""]): chance.choice(kinds)() for _ in range(chance.randrange(3))}
        owner = Thing if chance.random() < 0.3 else None
        if owner is not None:
            thing = Thing(chance.choice([1, 0.5, (1, 2), [3], "x" * 16_370]))
            for _ in range(chance.randrange(4)):
                setattr(thing, chance.choice(["a", "value", "zz", "é", 'q"', "A"]), chance.choice(kinds)())
            args = (thing, *args)
        found = key_text(args, kwds, owner)
        quick += call_text(args if owner is None else args[1:], kwds, "", None, {}) != ""
        with monkeypatch.context() as patched:
            patched.setattr(keys, "call_text", lambda *call: "")
            assert key_text(args, kwds, owner) == found
    assert 200 < quick < 2500


SHARED = [[], [1], {"a": 1}, ([2],), {1: [3]}]


def container(chance, leaf, depth=0):
    """Lists, tuples and dicts in each other, some of them in several places, deep or large."""
    if chance.random() < 0.1:
        return chance.choice(SHARED)
    if chance.random() < 0.05:
        return [leaf() for _ in range(chance.choice([62, 63, 64, 65]))]
    if chance.random() < 0.02:
        return [[] for _ in range(chance.choice([60, 63]))]
    if depth == 0 and chance.random() < 0.05:
        nested = leaf()
        for _ in range(chance.choice([15, 16, 17, 30])):
            nested = [nested]
        return nested

    def item():
        return container(chance, leaf, depth + 1) if depth < 3 and chance.random() < 0.3 else leaf()

    items = [item() for _ in range(chance.randrange(4))]
    names = [chance.choice([number, float(number), str(number), None]) for number in range(len(items))]
    return chance.choice([items, tuple(items), dict(zip(names, items))])


@pytest.mark.parametrize("made", [lambda: keys.python_text, compiled_text], ids=["python", "compiled"])
def test_lists_that_go_by_several_names_are_told_apart_either_way(monkeypatch, made):
    monkeypatch.setattr(keys, "call_text", made())
    one, two = [1], [1]
    calls = [((one, one), {}), ((one, two), {}), (([one, one],), {}), (([one, two],), {})]
    calls += [((one,), {"x": one}), ((one,), {"x": two}), (((one, one),), {}), (((one, two),), {})]
    calls += [(({"a": one, "b": one},), {}), (({"a": one, "b": two},), {})]
    assert len({key_text(*call) for call in calls}) == len(calls)
    # The object's state and an argument.
    states = [key_text((Thing(one), each), {}, Thing) for each in (one, two)]
    assert states[0] != states[1]
    # The data that the function reads by another name.
    found = Fingerprint(reads_a_list, "test_keys")
    assert key_text((GLOBAL_LIST,), {}, reader=found) != key_text((list(GLOBAL_LIST),), {}, reader=found)
    assert key_text((Thing(GLOBAL_LIST),), {}, Thing, (), found) != key_text((Thing([7]),), {}, Thing, (), found)


GLOBAL_LIST = [7]


def reads_a_list(x):
    return x is GLOBAL_LIST


def test_each_object_has_the_key_of_its_state():
    """Whatever was asked for before, and in whatever order attributes were set."""
    one, other = Thing(1), Thing(1.0)
    first, second = key_text((one,), {}, Thing), key_text((other,), {}, Thing)
    assert first != second and key_text((one,), {}, Thing) == first
    one.more, one.another = "x", 2
    other.another, other.more, other.value = 2, "x", 1
    assert key_text((one,), {}, Thing) == key_text((other,), {}, Thing) != first
    del one.more
    assert key_text((one,), {}, Thing) != key_text((other,), {}, Thing)
    assert key_text((other,), {}, Thing, ("more",)) == key_text((one,), {}, Thing, ("more",))
    slotted = Slotted(1)
    bare = key_text((slotted,), {}, Thing)
    slotted.more = 2
    assert len({bare, key_text((slotted,), {}, Thing), first}) == 3


def test_compiled_text_is_that_of_python():
    call_text = compiled_text()
    chance = random.Random(4)

    class Int(int):
        pass

    class Text(str):
        pass

    kinds = [
        lambda: chance.getrandbits(chance.choice([1, 8, 53, 62, 63, 64, 65, 100])) * chance.choice([1, -1]),
        lambda: chance.choice([2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 0, Int(1), Text("a"), True, False, None]),
        lambda: struct.unpack("d", struct.pack("Q", chance.getrandbits(64)))[0],
        lambda: chance.choice([chance.uniform(-1e3, 1e3), float(2**53) - 0.5, 2.0**60, 1e16, -0.0, 0.1 + 0.2, 1e-5]),
        lambda: "".join(map(chr, chance.choices(range(200), k=chance.randrange(8)))),
        lambda: "x" * chance.choice([16_378, 16_379, 16_380, 16_381, 16_382, 20_000]),
        lambda: chance.choice([b"", set(), frozenset(), object, Fraction(1)]),
    ]
    plain = 0
    states = [None, {}, {"b": 1, "a": "x"}, {"a": 2.0, "b": None, "ab": -1.5}, {"é": 1}, {1: 2}, {Text("a"): 1}, {"a": b""}]
    for _ in range(20_000):
        args = tuple(chance.choice(kinds)() for _ in range(chance.choice([0, 1, 1, 1, 2, 3])))
        kwds = {f"{chance.choice(kinds)()}"[:5]: chance.choice(kinds)() for _ in range(chance.choice([0, 0, 0, 1, 2]))}
        state = chance.choice(states) if args and chance.random() < 0.5 else None
        head = "" if state is None else chance.choice(['{"a":', "ü", "x" * 100])
        text = call_text(args, kwds, head, state, {})
        assert text == keys.python_text(args, kwds, head, state, {}), (args, kwds, head, state)
        plain += text != ""
    assert 5_000 < plain < 19_000
    assert call_text((), {1: 2}, "", None, {}) == ""
    assert call_text((1,), {}, "[", [], {}) == call_text((1,), {}, "[", {str(n): n for n in range(99)}, {}) == ""
    for wrong in [(), (1, {}, "", None, {}), ((), [], "", None, {}), ((), {}, 1, None, {}), ((), {}, "", None), ((), {}, "", None, [])]:
        with pytest.raises(TypeError):
            call_text(*wrong)


class Thing:
    def __init__(self, value):
        self.value = value


class Slotted(Thing):
    __slots__ = ("more",)


def test_members_of_a_receiver_are_in_order():
    def method(self):
        return list(vars(self))

    found = Fingerprint(method, "test_keys")
    assert found.looks_at_order
    text = key_text((Thing(1), 2), {}, Thing, (), found)[0]
    assert '"o":' in text and text == keys.key_dumps(json.loads(text))


def test_many_strings_are_told_apart():
    """Where one ends and the next begins, what is missing and where, and by unpaired surrogates."""
    plain = [f"{number:05}" for number in range(100)]
    wide = [*plain[:-1], "x" * 300]
    others = [
        plain,
        tuple(plain),
        wide,
        [*wide[:-1], "x" * 299 + "y"],
        [plain[0] + "0", plain[1][1:], *plain[2:]],
        [*plain, ""],
        ["", *plain],
        [*plain[:-1], "0009\ud800"],
        [*plain[:-1], "0009\udfff"],
        [*plain[:-1], "\ud83d\ude00"],
        [*plain[:-1], "\U0001f600"],
        [*plain[:-1], None],
        [None, *plain[1:]],
        [*plain[:-1], ""],
        [*plain[:-1], float("nan")],
        [*plain[:-1], 99],
        [*plain[:-1], b"00099"],
        [*plain[:-2], None, None],
        [*plain[:-2], None, plain[-1]],
        plain[:64],
        plain[:63],
        [None] * 90 + plain[:10],
    ]
    keys = [key_text((each,), {})[0] for each in others]
    assert len(set(keys)) == len(others)
    assert keys == [key_text((type(each)(map(copy_of, each)),), {})[0] for each in others]
    assert all(len(key) < 5000 for key in keys)


def copy_of(value):
    return "".join(list(value)) if type(value) is str else value


class Text(str):
    pass


def test_strings_have_the_same_digest_either_way(monkeypatch):
    compiled = pytest.importorskip("memod._compiled.speedups").lengths
    for items in ([], ["a"], ["", "\xe9", "\ud800", "x" * 255], ["x" * 256], [None], ["a", Text("a")], ["a", 1]):
        assert compiled(items) == strings._lengths(items)
    lists = [[str(number) * 3 for number in range(200)], ["\ud800\u20ac"] * 70, ["x" * 256] * 70]
    keys = [key_text((each,), {}) for each in lists]
    monkeypatch.setattr(strings, "lengths", strings._lengths)
    assert keys == [key_text((each,), {}) for each in lists]
    with pytest.raises(Unstorable):
        key_text(([*lists[0], Text("a")],), {})


def test_columns_of_strings_are_told_apart():
    pandas = pytest.importorskip("pandas")
    numpy = pytest.importorskip("numpy")
    texts = [str(number) for number in range(100)]
    kinds = [object, *(pandas.StringDtype(storage) for storage in ("python", "pyarrow"))]
    keys = set()
    for kind in kinds:
        for items in (texts, [*texts[:-1], None], [*texts[:-1], "98"], [*texts[:-2], "9899", ""], texts[:99]):
            column = pandas.Series(items, dtype=kind)
            keys.add(key_text((column,), {})[0])
            in_pieces = pandas.concat([column[:50], column[50:]])
            assert key_text((in_pieces,), {}) == key_text((column,), {}) or column.isna().any()
    assert len(keys) == 15
    array = numpy.array(texts, dtype=object).reshape(10, 10)
    shapes = [array, array.T, array.ravel(), numpy.asfortranarray(array)]
    assert len({key_text((each,), {})[0] for each in shapes}) == 4
