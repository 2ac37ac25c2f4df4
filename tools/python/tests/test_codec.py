"""Values travel as JSON and come back equal and of the same type."""

import dataclasses
import datetime
import decimal
import enum
import fractions
import json
import math
import pathlib
import random
import struct
import uuid
import zoneinfo
from collections import OrderedDict, defaultdict, deque, namedtuple
from typing import NamedTuple

import pytest

from memod._codec import codec
from memod._codec.codec import Unstorable

Pair = namedtuple("Pair", "x y")


class Typed(NamedTuple):
    a: int
    b: list


@dataclasses.dataclass
class Record:
    a: int
    b: list


@dataclasses.dataclass(frozen=True)
class Slotted:
    __slots__ = ("a", "b")
    a: int
    b: tuple


@dataclasses.dataclass
class Late(Record):
    total: int = dataclasses.field(init=False, default=0)

    def __post_init__(self):
        self.total = self.a * 2


@dataclasses.dataclass(eq=False)
class Unequal:
    a: int


class Colour(enum.Enum):
    RED = 1
    CRIMSON = 1
    BLUE = object()


class Level(enum.IntEnum):
    LOW = 1


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


class Lenient(enum.Flag):
    READ = 1

    @classmethod
    def _missing_(cls, value):
        SIDE_EFFECTS.append(value)
        return cls.READ


@dataclasses.dataclass
class Positive:
    a: int

    def __post_init__(self):
        if self.a <= 0:
            raise ValueError("a must be positive")


@dataclasses.dataclass
class Doubling:
    a: int

    def __post_init__(self):
        self.a *= 2


SIDE_EFFECTS = []


class Text(str):
    pass


def round_trip(value):
    return codec.unpack(json.loads(codec.encode(value)))


def same(one, other):
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return struct.pack("d", one) == struct.pack("d", other)
    if isinstance(one, dict):
        return list(map(repr, one)) == list(map(repr, other)) and all(
            same(one[key], other[key]) for key in one
        )
    if isinstance(one, (list, tuple, deque)):
        return len(one) == len(other) and all(map(same, one, other))
    return repr(one) == repr(other) if isinstance(one, decimal.Decimal) else one == other


PLAIN = [
    None,
    True,
    False,
    0,
    -1,
    2**63 - 1,
    -(2**63),
    1.5,
    -0.0,
    1e300,
    5e-324,
    "",
    "ä☃😀",
    "\x00",
    [],
    {},
    [[1.0]],
]
PLAIN += [{"a": {"b": [None]}, "z": 1, "c": 2}]


@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_plain_data_is_stored_as_it_is(value):
    assert same(json.loads(codec.encode(value)), value)
    assert same(round_trip(value), value)


ZONE = datetime.timezone(datetime.timedelta(hours=-3, seconds=7), "X")
NOW = datetime.datetime(2024, 2, 29, 23, 59, 59, 999999)
TAGGED = [
    (1, 2),
    (),
    ((1,), [2]),
    {1, 2.5, "a"},
    set(),
    frozenset({(1, 2), None}),
    b"\x00\xff",
    bytearray(b"x"),
    2**63,
    -(2**200),
    10**5000,
    math.inf,
    -math.inf,
    1j,
    complex(-0.0, math.inf),
    "\ud800x",
    {1: 2},
    {"\udfff": 1},
    {(1, 2): {3: 4}, None: 1},
    {"$memod": "tuple", "v": [1]},
    [{"$memod": 1}],
    {"v": {"$memod": {}}},
    OrderedDict([("b", 1), ("a", 2)]),
    deque([1, (2,)], maxlen=3),
    deque(),
    range(3),
    range(10**30, 0, -7),
    decimal.Decimal("1.10"),
    decimal.Decimal("-0"),
    decimal.Decimal("NaN"),
    decimal.Decimal("Infinity"),
    fractions.Fraction(-1, 3),
    NOW,
    NOW.replace(fold=1),
    NOW.replace(tzinfo=datetime.timezone.utc),
    NOW.replace(tzinfo=ZONE),
    NOW.date(),
    NOW.time(),
    NOW.time().replace(tzinfo=ZONE),
    datetime.timedelta(-1, 2, 3),
    datetime.timedelta.max,
    datetime.datetime.min,
    datetime.timezone.utc,
    ZONE,
    uuid.UUID(int=5),
    pathlib.Path("/a/b"),
    pathlib.PurePosixPath("c"),
    pathlib.PureWindowsPath("C:\\d"),
    Pair(1, (2,)),
    Typed(1, [2]),
    Record(1, [(2,)]),
    Slotted(1, (2,)),
    Late(3, []),
    Colour.RED,
    Colour.BLUE,
    Level.LOW,
    Rights.READ | Rights.WRITE,
    Rights(0),
    [Record(1, [Record(2, [])])],
    {Level.LOW: Pair(Colour.RED, None)},
]


@pytest.mark.parametrize("value", TAGGED, ids=lambda value: type(value).__name__)
def test_what_json_lacks_comes_back(value):
    assert same(round_trip(value), value)


def test_time_zones_by_name():
    value = NOW.replace(tzinfo=zoneinfo.ZoneInfo("Europe/Paris"))
    assert round_trip(value) == value and round_trip(value).tzinfo is value.tzinfo


def test_every_nan_keeps_its_bits():
    for bits in (0x7FF8000000000000, 0xFFF8000000000000, 0x7FF8000000000001):
        value = struct.unpack(">d", bits.to_bytes(8, "big"))[0]
        assert struct.pack(">d", round_trip(value)) == struct.pack(">d", value)


class Plain:
    pass


def with_extra():
    made = Record(1, [])
    made.extra = 2
    return made


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def endless():
    value = []
    value.append(value)
    return value


TWICE = Unequal(1)
UNSTORABLE = [
    object(),
    Plain(),
    lambda: 1,
    iter([]),
    Text("a"),
    defaultdict(lambda: 1),
    type,
    ValueError("x"),
    print,
    [TWICE, TWICE],
    with_extra(),
    nested(300),
    endless(),
]


@pytest.mark.parametrize("value", UNSTORABLE, ids=lambda value: type(value).__name__)
def test_what_cannot_come_back_is_refused(value):
    for each in (value, [value], {"a": value}, (value,)):
        with pytest.raises(Unstorable):
            codec.encode(each)


@pytest.mark.parametrize(
    "text",
    [
        '{"$memod":"nothing","v":1}',
        '{"$memod":1}',
        '{"$memod":"tuple"}',
        '{"$memod":"int","v":"zz"}',
        '{"$memod":"enum","v":"GREEN","t":"test_codec:Colour"}',
        '{"$memod":"enum","v":"A","t":"os:path"}',
        '{"$memod":"dataclass","v":[["a",1]],"t":"test_codec:Record"}',
        '{"$memod":"dataclass","v":[],"t":"nomodule:X"}',
        '{"$memod":"namedtuple","v":[1],"f":["x"],"t":"test_codec:Pair"}',
        '{"$memod":"bytes","v":"@"}',
        '{"$memod":"set","v":[[]]}',
        '{"$memod":"pickle","v":"gASVAQAAAAAAAAAu","mac":""}',
        '{"$memod":"ndarray","v":""}',
    ],
)
def test_damaged_values_are_not_believed(text):
    with pytest.raises(codec.Undecodable):
        codec.unpack(json.loads(text))


def random_value(chance, depth=0):
    kinds = [
        lambda: chance.choice([None, True, False, 0, "$memod", "", "tuple", b"", (), math.inf]),
        lambda: chance.randrange(-(1 << chance.choice([4, 60, 70])), 1 << chance.choice([4, 60, 70])),
        lambda: (
            struct.unpack("d", chance.randbytes(8))[0] if hasattr(chance, "randbytes") else chance.random()
        ),
        lambda: "".join(
            chr(chance.choice([36, 97, 0x7F, 0xE9, 0xD800, 0x1F600])) for _ in range(chance.randrange(5))
        ),
    ]
    if depth < 4:

        def items():
            return [random_value(chance, depth + 1) for _ in range(chance.randrange(4))]

        kinds += [items, lambda: tuple(items()), lambda: deque(items())]
        kinds += [
            lambda: {
                chance.choice(["$memod", "v", "a", 1, (1,), None]): random_value(chance, depth + 1)
                for _ in range(3)
            }
        ]
    return chance.choice(kinds)()


def test_random_values_come_back():
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    for _ in range(2000):
        value = random_value(chance)
        assert same(round_trip(value), value)


def forged(value, **changes):
    tree = json.loads(codec.encode(value))
    tree.update(changes)
    return tree


def test_a_dataclass_made_of_data_is_one_that_its_class_would_make():
    assert same(round_trip(Positive(3)), Positive(3))
    with pytest.raises(codec.Undecodable):
        codec.unpack(forged(Positive(3), v=[["a", -1]]))
    # What its own __post_init__ would change once more comes back changed: it is not kept.
    with pytest.raises((codec.Undecodable, codec.Unstorable)):
        round_trip(Doubling(2))


def test_no_code_of_an_enum_runs_for_what_data_says():
    lenient = forged(Rights.READ | Rights.WRITE)["t"].replace("Rights", "Lenient")
    for value in (7, "x", [1]):
        with pytest.raises(codec.Undecodable):
            codec.unpack(forged(Rights.READ | Rights.WRITE, t=lenient, v=value))
        with pytest.raises(codec.Undecodable):
            codec.unpack(forged(Rights.READ, t=lenient, v=value))
    assert SIDE_EFFECTS == []
    assert round_trip(Rights.READ | Rights.WRITE) == Rights.READ | Rights.WRITE


def test_a_reference_to_a_class_imports_nothing(tmp_path, monkeypatch):
    (tmp_path / "lazy_victim.py").write_text("class Thing: pass\nloaded = True\n")
    (tmp_path / "lazy_package.py").write_text(
        "def __getattr__(name):\n    import lazy_victim\n    return lazy_victim.Thing\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import importlib.util
    import sys

    import lazy_package  # noqa: F401

    spec = importlib.util.find_spec("lazy_victim")
    spec.loader = importlib.util.LazyLoader(spec.loader)
    lazy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(lazy)
    try:
        sys.modules["lazy_victim_alias"] = lazy
        for reference in ("lazy_package:Thing", "lazy_victim_alias:Thing"):
            with pytest.raises(codec.Undecodable):
                codec.unpack(forged(Colour.RED, t=reference))
        assert "lazy_victim" not in sys.modules
        assert "loaded" not in object.__getattribute__(lazy, "__dict__")
    finally:
        for name in ("lazy_victim_alias", "lazy_package", "lazy_victim"):
            sys.modules.pop(name, None)
