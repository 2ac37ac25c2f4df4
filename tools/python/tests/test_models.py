"""Instances of attrs classes and pydantic models; frames of polars and tables of Arrow."""

import datetime
import json
from typing import List, Optional

import pytest

import memod
from memod._codec import codec
from memod._identity.keys import key_text

attrs = pytest.importorskip("attrs")
pydantic = pytest.importorskip("pydantic")


def round_trip(value):
    return codec.unpack(json.loads(codec.encode(value)))


@attrs.define
class Point:
    x: int
    rest: list = attrs.field(factory=list)


@attrs.define
class Further(Point):
    z: float = 0.5


@attrs.frozen(cache_hash=True)
class Frozen:
    x: int
    _hidden: str = "q"


@attrs.define(eq=False)
class Node:
    x: int


@attrs.define
class Checked:
    x: int = attrs.field(converter=int, validator=attrs.validators.ge(0))


@attrs.define
class Growing:
    x: int = attrs.field(converter=lambda value: value + 1)


class Model(pydantic.BaseModel):
    a: int
    b: List[str] = []
    c: Optional["Model"] = None


class Extra(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow")
    a: int
    _private: int = pydantic.PrivateAttr(default=3)


class Alias(pydantic.BaseModel):
    a: int = pydantic.Field(alias="A")
    d: Optional[datetime.datetime] = None


class Counting(pydantic.BaseModel):
    a: int

    @pydantic.field_validator("a")
    def more(cls, value):
        return value + 1


@pytest.mark.parametrize(
    "value",
    [
        Point(1, [Point(2)]),
        Further(1, [], 2.0),
        Frozen(1),
        Checked("5"),
        Model(a=1),
        Model(a=1, b=["x"], c=Model(a=2)),
        Extra(a=1, further=(1,)),
        Alias(A=1, d=datetime.datetime(2024, 1, 1)),
    ],
    ids=repr,
)
def test_they_come_back(value):
    for back in (round_trip(value), round_trip([value])[0]):
        assert type(back) is type(value) and back == value and repr(back) == repr(value)
    assert getattr(value, "model_fields_set", None) == getattr(back, "model_fields_set", None)
    if isinstance(value, Frozen):
        assert hash(back) == hash(value)


def test_what_is_equal_to_itself_alone_comes_back_once():
    assert [each.x for each in round_trip([Node(1), Node(2)])] == [1, 2]
    node = Node(1)
    with pytest.raises(codec.Unstorable, match="twice"):
        codec.encode([node, node])


@pytest.mark.parametrize("value", [Growing(1), Counting(a=1), Model.model_construct(a="x")], ids=repr)
def test_what_its_class_would_not_make_is_refused(value):
    with pytest.raises(codec.Unstorable):
        codec.encode(value)


def test_sets_are_compared_whatever_their_order():
    # 8 and 16 share a place in a small set: which one comes first depends on which was added first.
    one, other = {8, 16, 0}, {0, 16, 8}
    for value in (Point(one, [other]), Checked(1), Model.model_validate({"a": 1}), Extra(a=1, more=other, x=one)):
        assert round_trip(value) == value


def test_a_class_checks_what_was_stored():
    tampered = json.loads(codec.encode(Checked(5)))
    tampered["v"][0][1] = -5
    with pytest.raises(codec.Undecodable):
        codec.unpack(tampered)
    tampered = json.loads(codec.encode(Model(a=5)))
    tampered["v"][0][1] = "five"
    with pytest.raises(codec.Undecodable):
        codec.unpack(tampered)


def test_frames_of_polars():
    polars = pytest.importorskip("polars")
    instants = polars.Series([datetime.datetime(2024, 1, 1), None])
    frame = polars.DataFrame(
        {
            "number": [1, None],
            "text": ["x", None],
            "date": [datetime.date(2024, 1, 1), None],
            "list": [[1], [2, 3]],
            "struct": [{"a": 1}, {"a": None}],
            "category": polars.Series(["a", "b"], dtype=polars.Categorical),
            "zone": instants.dt.replace_time_zone("Europe/Paris"),
            "float": [float("nan"), 1.0],
            "bytes": [b"a", b""],
        }
    )
    for value in (frame, polars.DataFrame(), polars.DataFrame({"a": []}), frame.head(0)):
        back = round_trip({"x": value})["x"]
        assert type(back) is type(value) and back.schema == value.schema and back.equals(value)
    for name in frame.columns:
        back = round_trip(frame[name])
        assert back.name == name and back.dtype == frame[name].dtype and back.equals(frame[name])
    for value in (frame.sort("number"), frame["number"].sort(descending=True), polars.Series([3, 1]).set_sorted()):
        assert round_trip(value).flags == value.flags
    for value in (polars.Series([object()]), frame.lazy()):
        with pytest.raises(codec.Unstorable):
            codec.encode(value)


def test_what_polars_knows_of_an_order_is_a_part_of_keys(daemon):
    polars = pytest.importorskip("polars")

    @memod.memoize(name="median")
    def median(column):
        return column.median()

    plain = polars.Series([3, 1, 2])
    for value in (plain, plain.set_sorted(), plain.set_sorted(descending=True), plain.to_frame().with_columns(plain.set_sorted())):
        assert round_trip({"x": value})["x"].flags == value.flags
    assert median(plain) == plain.median() == 2 and median(plain.set_sorted()) == plain.set_sorted().median() == 1
    one = polars.Series(["b", "a"], dtype=polars.Categorical)
    assert key_text((one,), {}) == key_text((polars.Series(["b", "a"], dtype=polars.Categorical),), {})


def test_tables_of_arrow():
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table({"a": [1, 2, None], "s": ["x", "y", None]}, metadata={"k": "v"})
    for value in (
        table,
        table.slice(1),
        table.to_batches()[0],
        pyarrow.array([1, 2, None]),
        pyarrow.array([[1], [2]]),
        pyarrow.array([], type=pyarrow.string()),
        pyarrow.array(["a", "b", "a"]).dictionary_encode(),
        pyarrow.chunked_array([[1], [2, 3]]),
        pyarrow.table({}),
    ):
        back = round_trip([value])[0]
        assert type(back) is type(value) and back.equals(value)
