"""pandas in the codec: frames, series and indexes by the arrays they are made of. Loaded only where pandas is
in use. Every one is rebuilt and compared before it is stored."""

from __future__ import annotations

import pandas

from .codec import Packer, Unstorable, tagged, unpack as unpack_value
from .pandas_columns import pack_column, pack_scalar, unpack_column, unpack_scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List


def pack(packer: Packer, value: Any) -> Any:
    """A frame, series, index, array or scalar. Raises `Unstorable` for what does not come back equal."""
    kind = type(value)
    if kind is pandas.DataFrame:
        tree = _pack_frame(packer, value)
    elif kind is pandas.Series:
        tree = _pack_series(packer, value)
    elif isinstance(value, pandas.Index):
        tree = _pack_index(packer, value)
    elif isinstance(value, pandas.api.extensions.ExtensionArray):
        tree = _tag("array", a=pack_column(packer, value))
    else:
        tree = _tag("scalar", s=pack_scalar(packer, value))
    if packer.comes_back and not _same(value, unpack(tree)):
        raise Unstorable(f"a pandas {kind.__qualname__} that does not come back as it was")
    return tree


def _tag(what: str, **parts: Any) -> Dict[str, Any]:
    return tagged("pandas", what, **parts)


def _traits(packer: Packer, value: Any) -> Dict[str, Any]:
    more: Dict[str, Any] = {}
    if value.attrs:
        more["x"] = packer.pack(dict(value.attrs))
    if not value.flags.allows_duplicate_labels:
        more["u"] = True
    return more


def _with_traits(tree: Dict[str, Any], value: Any) -> Any:
    if "x" in tree:
        value.attrs = unpack_value(tree["x"])
    return value.set_flags(allows_duplicate_labels=False) if tree.get("u") else value


def _pack_frame(packer: Packer, frame: Any) -> Dict[str, Any]:
    columns = [pack_column(packer, frame.iloc[:, place].array) for place in range(frame.shape[1])]
    index, names = _pack_index(packer, frame.index), _pack_index(packer, frame.columns)
    return _tag("DataFrame", i=index, c=names, a=columns, **_traits(packer, frame))


def _pack_series(packer: Packer, series: Any) -> Dict[str, Any]:
    index, name = _pack_index(packer, series.index), packer.pack(series.name)
    return _tag("Series", i=index, a=pack_column(packer, series.array), n=name, **_traits(packer, series))


def _pack_index(packer: Packer, index: Any) -> Dict[str, Any]:
    kind = type(index)
    names = packer.pack(list(index.names))
    if kind is pandas.RangeIndex:
        return _tag("RangeIndex", r=[int(index.start), int(index.stop), int(index.step)], n=names)
    if kind is pandas.MultiIndex:
        levels: List[Any] = [_pack_index(packer, level) for level in index.levels]
        codes = [packer.pack(each) for each in map(_array_of, index.codes)]
        return _tag("MultiIndex", l=levels, k=codes, n=names)
    if kind in (pandas.DatetimeIndex, pandas.TimedeltaIndex):
        return _tag("Index", a=pack_column(packer, index.array), f=index.freqstr, n=names)
    if kind in (pandas.Index, pandas.CategoricalIndex, pandas.PeriodIndex, pandas.IntervalIndex) or (
        kind.__name__ in ("Int64Index", "UInt64Index", "Float64Index")  # before pandas 2
    ):
        return _tag("Index", a=pack_column(packer, index.array), f=None, n=names)
    raise Unstorable(f"a pandas {kind.__qualname__} cannot be stored")


def _array_of(codes: Any) -> Any:
    import numpy

    return numpy.asarray(codes)


def _dtype(values: Any, tree: Dict[str, Any]) -> Any:
    # What is of objects stays so, whatever pandas would make of them.
    return object if "o" in tree else getattr(values, "dtype", None)


def _series(tree: Dict[str, Any], **more: Any) -> Any:
    values = unpack_column(tree)
    return pandas.Series(values, dtype=_dtype(values, tree), **more)


def _unpack_frame(tree: Dict[str, Any]) -> Any:
    frame = pandas.DataFrame(dict(enumerate(map(_series, tree["a"]))))
    if not tree["a"]:
        frame = pandas.DataFrame(index=_unpack_index(tree["i"]))
    else:
        frame.index = _unpack_index(tree["i"])
    frame.columns = _unpack_index(tree["c"])
    return _with_traits(tree, frame)


def _unpack_series(tree: Dict[str, Any]) -> Any:
    series = _series(tree["a"], index=_unpack_index(tree["i"]), name=unpack_value(tree["n"]))
    return _with_traits(tree, series)


def _unpack_index(tree: Dict[str, Any]) -> Any:
    names = unpack_value(tree["n"])
    if tree["v"] == "RangeIndex":
        return pandas.RangeIndex(*tree["r"], name=names[0])
    if tree["v"] == "MultiIndex":
        levels = [_unpack_index(level) for level in tree["l"]]
        return pandas.MultiIndex(levels=levels, codes=[unpack_value(each) for each in tree["k"]], names=names)
    values = unpack_column(tree["a"])
    index = pandas.Index(values, dtype=_dtype(values, tree["a"]), name=names[0])
    if tree["f"] is not None:
        index = type(index)(index, freq=tree["f"])
    return index


def _unpack_array(tree: Dict[str, Any]) -> Any:
    values = unpack_column(tree["a"])
    return _series(tree["a"]).array if not hasattr(values, "take") or hasattr(values, "tobytes") else values


_UNPACKERS: Dict[str, Callable[[Dict[str, Any]], Any]] = {
    "DataFrame": _unpack_frame,
    "Series": _unpack_series,
    "RangeIndex": _unpack_index,
    "MultiIndex": _unpack_index,
    "Index": _unpack_index,
    "array": _unpack_array,
    "scalar": lambda tree: unpack_scalar(tree["s"]),
}


def unpack(tree: Dict[str, Any]) -> Any:
    """The pandas object of a tree."""
    return _UNPACKERS[tree["v"]](tree)


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    try:
        if isinstance(one, pandas.DataFrame):
            pandas.testing.assert_frame_equal(one, other, check_exact=True, check_freq=True, check_flags=True)
            return bool(one.attrs == other.attrs)
        if isinstance(one, pandas.Series):
            pandas.testing.assert_series_equal(
                one, other, check_exact=True, check_freq=True, check_flags=True
            )
            return bool(one.attrs == other.attrs)
        if isinstance(one, pandas.Index):
            pandas.testing.assert_index_equal(one, other, exact=True, check_exact=True)
            return getattr(one, "freq", None) == getattr(other, "freq", None)
        if isinstance(one, pandas.api.extensions.ExtensionArray):
            pandas.testing.assert_series_equal(pandas.Series(one), pandas.Series(other), check_exact=True)
            return bool(one.dtype == other.dtype)
        return one is other or (bool(one == other) and getattr(one, "unit", "") == getattr(other, "unit", ""))
    except AssertionError:
        return False
