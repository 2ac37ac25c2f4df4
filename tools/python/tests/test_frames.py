"""Frames, series, indexes and scalars of pandas."""

import datetime
import json
import warnings

import numpy
import pandas
import pytest

import memod
from memod._codec import codec

ZONE = "Europe/Paris"
DAYS = pandas.date_range("2024-03-30", periods=3, freq="D", tz=ZONE)
MONTHS = pandas.period_range("2020", periods=3, freq="M")
INSTANT = pandas.Timestamp("2024-10-28 02:30", tz=ZONE)


def round_trip(value):
    return codec.unpack(json.loads(codec.encode(value)))


def columns():
    return {
        "int": [1, 2, 3],
        "uint8": pandas.array([1, 2, 3], dtype="uint8"),
        "float": [1.5, float("nan"), -0.0],
        "text": ["x", None, "z"],
        "string": pandas.array(["a", None, "c"], dtype="string"),
        "object": pandas.Series([1, "a", None], dtype=object).to_numpy(),
        "zone": DAYS,
        "naive": DAYS.tz_localize(None),
        "delta": pandas.to_timedelta([1, 2, None], unit="D"),
        "category": pandas.Categorical(["a", "b", "a"], ordered=True),
        "instants": pandas.Categorical(DAYS),
        "period": MONTHS,
        "interval": pandas.interval_range(0, 3, closed="left"),
        "Int64": pandas.array([1, None, 3], dtype="Int64"),
        "boolean": pandas.array([True, None, False], dtype="boolean"),
        "sparse": pandas.arrays.SparseArray([0, 0, 1]),
        "gaps": pandas.arrays.SparseArray([1.0, float("nan"), float("nan")]),
    }


def frames():
    whole = pandas.DataFrame(columns(), index=DAYS)
    yield whole
    yield pandas.DataFrame()
    yield pandas.DataFrame(index=[1, 2])
    yield pandas.DataFrame(columns=["a"])
    yield pandas.DataFrame({"a": []})
    yield pandas.DataFrame({1: [1], (2, 3): [2]})
    yield pandas.DataFrame([[1, 2]], columns=["same", "same"])
    yield pandas.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False)
    pairs = pandas.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["p", None])
    yield pandas.DataFrame({"x": [1, 2]}, index=pairs)
    for name in whole:
        yield whole[name]
        yield whole[name].array
    yield pandas.Series([1, 2], name="q", index=["a", "b"])
    yield pandas.Series([], dtype=object)
    yield pandas.Series([pandas.NaT, None, float("nan"), pandas.NA, 1], dtype=object)
    yield pandas.Series([[1], (2, 3)])
    yield pandas.Series([1 + 2j])
    yield pandas.Series([INSTANT] * 3, index=pandas.MultiIndex.from_product([["a"], DAYS]))


def indexes():
    yield DAYS
    yield MONTHS
    yield pandas.RangeIndex(2, 9, 3, name="r")
    yield pandas.Index([1.5, 2.5], name=("a", 1))
    yield pandas.Index([1, "a", None], dtype=object)
    yield pandas.Index(["a", "b"])
    yield pandas.Index([True, False])
    yield pandas.interval_range(0, 3, closed="both")
    yield pandas.timedelta_range("1h", periods=3)
    yield pandas.date_range("2020", periods=3, freq="W-MON")
    yield pandas.DatetimeIndex([], tz="UTC")
    yield pandas.to_datetime(["2020-01-01", None])
    yield pandas.MultiIndex.from_product([["a", "b"], DAYS], names=["x", None])
    yield pandas.CategoricalIndex(["a", "b"], categories=["b", "a"], ordered=True)


def scalars():
    yield pandas.NaT
    yield pandas.NA
    yield pandas.Timestamp("2020-01-01 00:00:00.123456789")
    yield INSTANT
    yield pandas.Timestamp("2024-10-27 00:30", tz="UTC").tz_convert(ZONE)  # both are half past two there
    yield pandas.Timestamp("2024-10-27 01:30", tz="UTC").tz_convert(ZONE)
    yield pandas.Timestamp(2024, 1, 1, tz=datetime.timezone(datetime.timedelta(hours=2)))
    if hasattr(INSTANT, "as_unit"):
        yield pandas.Timestamp(numpy.datetime64("20000-01-01", "s"))
    yield pandas.Timedelta("1s")
    yield pandas.Timedelta(1, "ns")
    yield pandas.Period("2024-01", freq="M")
    yield pandas.Interval(0, 1.5, closed="both")
    yield pandas.Interval(INSTANT, INSTANT + pandas.Timedelta(1, "D"))
    yield pandas.offsets.MonthEnd(2)


def check(value):
    back = round_trip(value)
    assert type(back) is type(value) and repr(back) == repr(value)
    assert str(getattr(back, "dtype", "")) == str(getattr(value, "dtype", ""))
    if isinstance(value, pandas.DataFrame):
        pandas.testing.assert_frame_equal(back, value, check_exact=True, check_freq=True)
        assert list(map(str, back.dtypes)) == list(map(str, value.dtypes))
        assert back.flags == value.flags
    elif isinstance(value, pandas.Series):
        pandas.testing.assert_series_equal(back, value, check_exact=True, check_freq=True)
    elif isinstance(value, pandas.Index):
        pandas.testing.assert_index_equal(back, value, exact=True)


@pytest.mark.parametrize("value", list(frames()), ids=lambda value: type(value).__name__)
def test_frames(value):
    check(value)
    check([value, {"a": value}][0])


@pytest.mark.parametrize("value", list(indexes()), ids=lambda value: type(value).__name__)
def test_indexes(value):
    check(value)


@pytest.mark.parametrize("value", list(scalars()), ids=repr)
def test_scalars(value):
    check(value)
    back = round_trip({"x": [value]})["x"][0]
    assert back is value or (back == value and hash(back) == hash(value))
    assert getattr(back, "tzinfo", None) == getattr(value, "tzinfo", None)


def test_attributes_come_back():
    frame = pandas.DataFrame({"a": [1]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.attrs["source"] = ("x", 1)
    assert round_trip(frame).attrs == {"source": ("x", 1)}


def test_what_holds_more_than_data_is_refused():
    class Subclass(pandas.DataFrame):
        pass

    frame = pandas.DataFrame({"a": [1]})
    for value in (
        pandas.DataFrame({"a": [object()]}),
        pandas.Series([lambda: 1]),
        Subclass({"a": [1]}),
        frame.groupby("a"),
        pandas.offsets.CustomBusinessDay(holidays=["2024-01-01"]),
    ):
        with pytest.raises(codec.Unstorable):
            codec.encode(value)


def number_of(frame):
    return 1


@pytest.mark.parametrize("options", [{}, {"ttl": 60}], ids=["plain", "ttl"])
def test_the_first_call_with_one_is_remembered_like_the_others(daemon, options):
    f = memod.memoize(**options)(number_of)
    series = pandas.Series([7, 8])
    for calls in (1, 2, 3):
        f(series)
        info = f.cache_info()
        assert (info.misses, info.hits, info.currsize) == (1, calls - 1, 1)


def test_a_frame_without_a_daemon_is_computed_once():
    f = memod.memoize(number_of)
    f(pandas.Series([7, 8])), f(pandas.Series([7, 8]))
    assert f.cache_info()[:2] == (1, 1)
