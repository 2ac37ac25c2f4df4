"""NumPy arrays and pandas frames, by buffer."""

import json
import warnings

import numpy
import pandas
import pytest

from memod._codec import codec


def round_trip(value):
    return codec.unpack(json.loads(codec.encode(value)))


ARRAYS = [
    numpy.arange(6).reshape(2, 3),
    numpy.asfortranarray(numpy.arange(6.0).reshape(2, 3)),
    numpy.zeros((0, 3)),
    numpy.array(5),
    numpy.array([1 + 2j, numpy.nan]),
    numpy.array(["a", "bcd"]),
    numpy.array([b"x"]),
    numpy.array(["2020-01-01", "NaT"], dtype="datetime64[D]"),
    numpy.arange(4, dtype=">i2"),
    numpy.array([True]),
    numpy.array([(1, (2.0, 3.0))], dtype=[("a", "<i4"), ("b", "<f8", (2,))]),
    numpy.arange(10)[::2],
]


@pytest.mark.parametrize("value", ARRAYS, ids=lambda value: f"{value.dtype}{value.shape}")
def test_arrays(value):
    back = round_trip(value)
    assert type(back) is numpy.ndarray and back.dtype == value.dtype and back.shape == value.shape
    assert back.tobytes() == value.tobytes() and back.flags.writeable
    assert back.flags.f_contiguous == value.flags.f_contiguous or not value.flags.contiguous


def test_read_only_arrays_stay_so():
    value = numpy.arange(3)
    value.flags.writeable = False
    assert not round_trip(value).flags.writeable


@pytest.mark.parametrize(
    "value", [numpy.float32(1.5), numpy.int8(-3), numpy.datetime64("2020"), numpy.str_("ä")], ids=repr
)
def test_scalars_and_dtypes(value):
    back = round_trip(value)
    assert type(back) is type(value) and back == value and back.dtype == value.dtype
    assert round_trip(value.dtype) == value.dtype


@pytest.mark.parametrize(
    "value", [numpy.array([object()]), numpy.ma.array([1])], ids=lambda v: type(v).__name__
)
def test_what_is_more_than_a_buffer_is_refused(value):
    with pytest.raises(codec.Unstorable):
        codec.encode(value)


def frames():
    dates = pandas.date_range("2020", periods=3)
    yield pandas.DataFrame({"a": [1, 2], "b": ["x", None], "c": [1.5, float("nan")]})
    yield pandas.DataFrame({"t": dates, "d": dates - dates[0]}, index=dates)
    yield pandas.DataFrame()
    yield pandas.DataFrame({1: [1], (2, 3): [2]})
    yield pandas.DataFrame([[1, 2]], columns=["same", "same"])
    yield pandas.DataFrame(
        {"o": pandas.Series([1, (2,), None], dtype=object)}, index=pandas.Index([5, 6, 7], name="n")
    )
    yield pandas.DataFrame(
        {"x": [1, 2]}, index=pandas.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["p", None])
    )
    yield pandas.Series([1, 2], name="q", index=["a", "b"])
    yield pandas.Series(["a", "b", "a"], dtype="category")
    yield pandas.Series([1, None], dtype="Int64")
    yield pandas.Series([True, None], dtype="boolean")
    yield pandas.Series(["a", None], dtype="string")
    yield pandas.RangeIndex(2, 9, 3, name="r")
    yield pandas.Index([1.5, 2.5])
    yield pandas.Timestamp("2020-01-01 00:00:00.123456789")
    yield pandas.Timedelta("1s")


@pytest.mark.parametrize("value", frames(), ids=lambda value: type(value).__name__)
def test_frames(value):
    back = round_trip(value)
    assert type(back) is type(value)
    if isinstance(value, pandas.DataFrame):
        pandas.testing.assert_frame_equal(back, value)
        assert list(map(str, back.dtypes)) == list(map(str, value.dtypes))
    elif isinstance(value, pandas.Series):
        pandas.testing.assert_series_equal(back, value)
    elif isinstance(value, pandas.Index):
        pandas.testing.assert_index_equal(back, value, exact=True)
    else:
        assert back == value


def test_frames_with_more_than_data_are_refused():
    frame = pandas.DataFrame({"a": [1]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.attrs["source"] = "x"
    for value in (frame, pandas.DataFrame({"a": [object()]}), pandas.Series([lambda: 1])):
        with pytest.raises(codec.Unstorable):
            codec.encode(value)


def test_arrays_between_processes(daemon, program):
    program.write("""
        from memod import lru_cache
        import numpy, pandas

        @lru_cache(version=1)
        def table(n):
            print("computing")
            return numpy.arange(n) / 3, pandas.DataFrame({"x": range(n)})

        array, frame = table(4)
        print(array.sum(), frame.x.sum())
        """)
    assert program.run() == "computing\n2.0 6\n"
    assert program.run() == "2.0 6\n"
