"""NumPy arrays, by buffer."""

import json
import numpy
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


OTHERS = [
    numpy.array([1, "a", None, [1, 2], (3,), {"a": {1}}], dtype=object),
    numpy.asfortranarray(numpy.array([[1, "b"], [None, 2.5]], dtype=object)),
    numpy.array(None, dtype=object),
    numpy.empty((0, 3), dtype=object),
    numpy.zeros(2, "V0"),
    numpy.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]).view(numpy.recarray),
    numpy.matrix([[1, 2]]),
    numpy.ma.array([1, 2, 3], mask=[0, 1, 0], fill_value=7),
    numpy.ma.array([1.0, 2.0]),
    numpy.ma.array([[1, 2], [3, 4]], mask=[[0, 1], [0, 0]], hard_mask=True),
    numpy.ma.masked_all(3),
    numpy.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])[0],
    numpy.void(b"abc"),
    numpy.str_("a\0"),
    numpy.bytes_(b"a\0"),
    numpy.str_(""),
    numpy.datetime64("NaT"),
]
if hasattr(numpy, "dtypes") and hasattr(numpy.dtypes, "StringDType"):
    String = numpy.dtypes.StringDType
    OTHERS.append(numpy.array(["a", "b" * 100], dtype=String()))
    OTHERS.append(numpy.array([["a", None]], dtype=String(na_object=None)))
    OTHERS.append(numpy.array(["a", numpy.nan], dtype=String(na_object=numpy.nan)))


@pytest.mark.parametrize("value", OTHERS, ids=lambda value: f"{type(value).__name__} {value.dtype}")
def test_arrays_that_are_more_than_a_buffer(value):
    back = round_trip(value)
    assert type(back) is type(value) and repr(back) == repr(value)
    assert back.dtype == value.dtype and back.shape == value.shape and len(repr(back)) == len(repr(value))
    if isinstance(value, (str, bytes)):
        assert back == value and len(back) == len(value)
    if isinstance(value, numpy.ma.MaskedArray):
        assert back.hardmask == value.hardmask and back.fill_value == value.fill_value
        assert back.data.tolist() == value.data.tolist() or value.fill_value == 1e20
        assert (back.mask is numpy.ma.nomask) == (value.mask is numpy.ma.nomask)


def test_the_masked_constant_is_itself():
    assert round_trip([numpy.ma.masked])[0] is numpy.ma.masked


class Subclass(numpy.ndarray):
    pass


@pytest.mark.parametrize(
    "value",
    [
        numpy.array([object()]),
        numpy.zeros(1, dtype=[("a", object)]),
        numpy.arange(3).view(Subclass),
        numpy.ma.array(numpy.arange(3).view(Subclass)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_numpy_cannot_tell_is_refused(value):
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
