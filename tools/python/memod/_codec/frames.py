"""pandas in the codec: frames, series and indexes as the arrays they are made of. Loaded only where pandas is
in use. Every one is rebuilt and compared before it is stored."""

from __future__ import annotations

from typing import Any, Dict, List

import pandas

from .codec import Packer, Undecodable, Unstorable, tagged, unpack as unpack_value


def pack(packer: Packer, value: Any) -> Any:
    """A frame, series, index, Timestamp or Timedelta. Raises `Unstorable` for what does not come back
    equal."""
    kind = type(value)
    if kind is pandas.DataFrame:
        tree = _pack_frame(packer, value)
    elif kind is pandas.Series:
        tree = _pack_series(packer, value)
    elif isinstance(value, pandas.Index):
        tree = _pack_index(packer, value)
    elif kind is pandas.Timestamp and value.tzinfo is None and not value.fold:
        tree = _tag("Timestamp", n=int(value.value), unit=getattr(value, "unit", "ns"))
    elif kind is pandas.Timedelta:
        tree = _tag("Timedelta", n=int(value.value), unit=getattr(value, "unit", "ns"))
    else:
        raise Unstorable(f"a pandas {kind.__qualname__} cannot be stored")
    if not _same(value, unpack(tree)):
        raise Unstorable(f"a pandas {kind.__qualname__} that does not come back as it was")
    return tree


def _tag(what: str, **parts: Any) -> Dict[str, Any]:
    return tagged("pandas", what, **parts)


def _pack_frame(packer: Packer, frame: Any) -> Dict[str, Any]:
    if frame.attrs or not frame.flags.allows_duplicate_labels:
        raise Unstorable("a pandas frame with attributes or flags cannot be stored")
    columns = [_pack_column(packer, frame.iloc[:, place]) for place in range(frame.shape[1])]
    return _tag(
        "DataFrame", i=_pack_index(packer, frame.index), c=_pack_index(packer, frame.columns), a=columns
    )


def _pack_series(packer: Packer, series: Any) -> Dict[str, Any]:
    if series.attrs or not series.flags.allows_duplicate_labels:
        raise Unstorable("a pandas series with attributes or flags cannot be stored")
    return _tag(
        "Series",
        i=_pack_index(packer, series.index),
        a=_pack_column(packer, series),
        n=packer.pack(series.name),
    )


def _pack_column(packer: Packer, column: Any) -> Dict[str, Any]:
    dtype = column.dtype
    name = str(dtype)
    if dtype.kind in "biufcmM" and type(dtype).__module__.startswith("numpy"):
        return {"b": packer.pack(column.to_numpy())}
    if name == "object":
        return {"o": packer.pack(column.tolist())}
    if isinstance(dtype, pandas.CategoricalDtype):
        codes = column.cat.codes if isinstance(column, pandas.Series) else pandas.Series(column.codes)
        categories = _pack_index(packer, dtype.categories)
        return {"k": packer.pack(codes.to_numpy()), "c": categories, "r": bool(dtype.ordered)}
    if isinstance(dtype, pandas.StringDtype) or name in _NULLABLE:
        missing = column.isna()
        items = [None if gone else item for item, gone in zip(column.tolist(), missing.tolist())]
        storage = [dtype.storage, repr(dtype.na_value)] if isinstance(dtype, pandas.StringDtype) else None
        return {"n": packer.pack(items), "d": name, "s": storage}
    raise Unstorable(f"a pandas column of the type {name} cannot be stored")


_NULLABLE = {"boolean", "Float32", "Float64"} | {
    f"{sign}Int{n}" for sign in ("", "U") for n in (8, 16, 32, 64)
}


def _unpack_column(tree: Dict[str, Any]) -> Any:
    if "b" in tree:
        return unpack_value(tree["b"])
    if "o" in tree:
        return pandas.Series(unpack_value(tree["o"]), dtype=object).to_numpy()
    if "k" in tree:
        categories = _unpack_index(tree["c"])
        dtype = pandas.CategoricalDtype(categories, ordered=tree["r"])
        return pandas.Categorical.from_codes(unpack_value(tree["k"]), dtype=dtype)
    if tree["s"] is None:
        return pandas.array(unpack_value(tree["n"]), dtype=tree["d"])
    storage, missing = tree["s"]
    if missing == "<NA>":
        kind = pandas.StringDtype(storage)
    else:
        kind = pandas.StringDtype(storage, na_value=float("nan"))  # exists where such columns do
    return pandas.array(unpack_value(tree["n"]), dtype=kind)


def _pack_index(packer: Packer, index: Any) -> Dict[str, Any]:
    names = packer.pack(list(index.names))
    if type(index) is pandas.RangeIndex:
        return _tag("RangeIndex", r=[int(index.start), int(index.stop), int(index.step)], n=names)
    if type(index) is pandas.MultiIndex:
        levels: List[Any] = [_pack_index(packer, level) for level in index.levels]
        return _tag("MultiIndex", l=levels, k=[packer.pack(codes.tolist()) for codes in index.codes], n=names)
    if type(index) is pandas.DatetimeIndex and index.tz is None:
        return _tag("Index", a=_pack_column(packer, index), f=index.freqstr, n=names)
    if type(index) in (pandas.Index, pandas.CategoricalIndex):
        return _tag("Index", a=_pack_column(packer, index), f=None, n=names)
    raise Unstorable(f"a pandas {type(index).__qualname__} cannot be stored")


def _unpack_index(tree: Dict[str, Any]) -> Any:
    names = unpack_value(tree["n"])
    if tree["v"] == "RangeIndex":
        return pandas.RangeIndex(*tree["r"], name=names[0])
    if tree["v"] == "MultiIndex":
        levels = [_unpack_index(level) for level in tree["l"]]
        codes = [unpack_value(each) for each in tree["k"]]
        return pandas.MultiIndex(levels=levels, codes=codes, names=names)
    values = _unpack_column(tree["a"])
    dtype = object if "o" in tree["a"] else getattr(values, "dtype", None)
    index = pandas.Index(values, dtype=dtype, name=names[0])
    if tree["f"] is not None:
        index = pandas.DatetimeIndex(index, freq=tree["f"])
    return index


def unpack(tree: Dict[str, Any]) -> Any:
    """The pandas object of a tree."""
    what = tree["v"]
    if what == "DataFrame":
        arrays = dict(enumerate(_unpack_column(column) for column in tree["a"]))
        frame = pandas.DataFrame(arrays, index=_unpack_index(tree["i"]))
        frame.columns = _unpack_index(tree["c"])
        return frame
    if what == "Series":
        values = _unpack_column(tree["a"])
        dtype = object if "o" in tree["a"] else None
        return pandas.Series(
            values, index=_unpack_index(tree["i"]), name=unpack_value(tree["n"]), dtype=dtype
        )
    if what in ("RangeIndex", "MultiIndex", "Index"):
        return _unpack_index(tree)
    if what in ("Timestamp", "Timedelta"):
        made = getattr(pandas, what)(tree["n"], unit="ns")
        return made.as_unit(tree["unit"]) if hasattr(made, "as_unit") else made
    raise Undecodable(f"a pandas object of a kind not known here: {what!r}")


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    try:
        if isinstance(one, pandas.DataFrame):
            pandas.testing.assert_frame_equal(one, other, check_exact=True, check_freq=True, check_flags=True)
        elif isinstance(one, pandas.Series):
            pandas.testing.assert_series_equal(
                one, other, check_exact=True, check_freq=True, check_flags=True
            )
        elif isinstance(one, pandas.Index):
            pandas.testing.assert_index_equal(one, other, exact=True, check_exact=True)
            return getattr(one, "freq", None) == getattr(other, "freq", None)
        else:
            return bool(one == other or (one != one and other != other)) and (
                getattr(one, "unit", "ns") == getattr(other, "unit", "ns")
            )
    except AssertionError:
        return False
    return True
