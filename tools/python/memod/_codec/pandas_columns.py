"""Columns and scalars of pandas in the codec, by the arrays and numbers they are made of."""

from __future__ import annotations

import numpy
import pandas

from .codec import Packer, Undecodable, Unstorable, unpack as unpack_value
from .standard_types import pack_zone, unpack_zone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List

_NULLABLE = {"boolean", "Float32", "Float64"} | {
    f"{sign}Int{n}" for sign in ("", "U") for n in (8, 16, 32, 64)
}
_arrays: Any = pandas.arrays
_BaseOffset: Any = getattr(pandas.offsets, "BaseOffset", pandas.DateOffset)


def pack_column(packer: Packer, values: Any) -> Dict[str, Any]:
    """An array of pandas, the values of a column or index."""
    dtype = values.dtype
    if type(dtype).__name__ in ("NumpyEADtype", "PandasDtype"):  # what an array of NumPy's is wrapped in
        dtype = dtype.numpy_dtype
    if isinstance(dtype, numpy.dtype):
        array = numpy.asarray(values)
        return {"o": packer.sequence(array.tolist())} if dtype == object else {"b": packer.pack(array)}
    if isinstance(dtype, pandas.CategoricalDtype):
        codes, categories = packer.pack(numpy.asarray(values.codes)), dtype.categories
        # The categories are an index, which is packed as one.
        return {"k": codes, "c": packer.pack(categories), "r": bool(dtype.ordered)}
    if isinstance(dtype, pandas.DatetimeTZDtype):
        return {"z": packer.pack(values.asi8), "u": dtype.unit, "tz": pack_zone(dtype.tz)}
    if isinstance(dtype, pandas.PeriodDtype):
        return {"p": packer.pack(values.asi8), "d": str(dtype)}
    if isinstance(dtype, pandas.IntervalDtype):
        return {"l": packer.pack(values.left), "g": packer.pack(values.right), "e": values.closed}
    if isinstance(dtype, pandas.SparseDtype):
        places = packer.pack(numpy.asarray(values.sp_index.indices))
        return {
            "sp": packer.pack(numpy.asarray(values.sp_values)),
            "i": places,
            "w": len(values),
            "f": packer.pack(dtype.fill_value),
            "t": type(values.sp_index).__name__,
        }
    name = str(dtype)
    if isinstance(dtype, pandas.StringDtype) or name in _NULLABLE:
        storage = [dtype.storage, repr(dtype.na_value)] if isinstance(dtype, pandas.StringDtype) else None
        if packer.seen is not None and storage is not None and dtype.storage == "pyarrow":
            # To be told from others, not to come back: without an object for each.
            from . import arrow

            return {"arrow": arrow.pack(packer, values.__arrow_array__().combine_chunks()), "d": name, "s": storage}
        missing, items = values.isna(), values.tolist()
        if missing.any():
            items = [None if gone else item for item, gone in zip(items, missing.tolist())]
        return {"n": packer.pack(items), "d": name, "s": storage}
    if type(dtype).__name__ == "ArrowDtype":
        from . import arrow

        return {"arrow": arrow.pack(packer, values.__arrow_array__())}
    raise Unstorable(f"a pandas column of the type {name} cannot be stored")


def unpack_column(tree: Dict[str, Any]) -> Any:
    """The array of a tree: one of NumPy's, or of pandas'."""
    if "b" in tree:
        return unpack_value(tree["b"])
    if "o" in tree:
        made: Any = numpy.empty(len(tree["o"]), dtype=object)
        for place, item in enumerate(tree["o"]):
            made[place] = unpack_value(item)
        return made
    if "k" in tree:
        dtype = pandas.CategoricalDtype(unpack_value(tree["c"]), ordered=tree["r"])
        return pandas.Categorical.from_codes(unpack_value(tree["k"]), dtype=dtype)
    if "z" in tree:
        instants = pandas.DatetimeIndex(unpack_value(tree["z"]).view(f"M8[{tree['u']}]"))
        return instants.tz_localize("UTC").tz_convert(unpack_zone(tree["tz"])).array
    if "p" in tree:
        dtype = pandas.api.types.pandas_dtype(tree["d"])
        return _arrays.PeriodArray(unpack_value(tree["p"]), dtype=dtype)
    if "e" in tree:
        return _arrays.IntervalArray.from_arrays(
            unpack_value(tree["l"]), unpack_value(tree["g"]), closed=tree["e"]
        )
    if "sp" in tree:
        return _unpack_sparse(tree)
    if "arrow" in tree:
        return _arrays.ArrowExtensionArray(unpack_value(tree["arrow"]))
    return _unpack_nullable(tree)


def _unpack_nullable(tree: Dict[str, Any]) -> Any:
    items: List[Any] = unpack_value(tree["n"])
    if tree["s"] is None:
        return pandas.array(items, dtype=tree["d"])
    storage, missing = tree["s"]
    if missing == "<NA>":
        kind = pandas.StringDtype(storage)
    else:
        kind = pandas.StringDtype(storage, na_value=float("nan"))  # exists where such columns do
    return pandas.array(items, dtype=kind)


def _unpack_sparse(tree: Dict[str, Any]) -> Any:
    fill, values = unpack_value(tree["f"]), unpack_value(tree["sp"])
    dense = numpy.full(tree["w"], fill, dtype=values.dtype)
    dense[unpack_value(tree["i"])] = values
    kind = "block" if tree["t"] == "BlockIndex" else "integer"
    return _arrays.SparseArray(dense, fill_value=fill, kind=kind)


def pack_scalar(packer: Packer, value: Any) -> Any:
    """A value of one of pandas' own types."""
    kind = type(value)
    if value is pandas.NaT or value is pandas.NA:
        return "NaT" if value is pandas.NaT else "NA"
    if kind is pandas.Timestamp:
        naive = value if value.tzinfo is None else value.tz_convert("UTC").tz_localize(None)
        return ["Timestamp", *_counted(naive.asm8), pack_zone(value.tzinfo)]
    if kind is pandas.Timedelta:
        return ["Timedelta", *_counted(value.asm8)]
    if kind is pandas.Period:
        return ["Period", int(value.ordinal), value.freqstr]
    if kind is pandas.Interval:
        return ["Interval", packer.pack(value.left), packer.pack(value.right), value.closed]
    if isinstance(value, _BaseOffset):
        return ["offset", value.freqstr]
    raise Unstorable(f"a pandas {kind.__qualname__} cannot be stored")


def _counted(instant: Any) -> List[Any]:
    return [int(instant.astype("i8")), numpy.datetime_data(instant.dtype)[0]]


def unpack_scalar(tree: Any) -> Any:
    """The value of a tree."""
    if tree == "NaT" or tree == "NA":
        return pandas.NaT if tree == "NaT" else pandas.NA
    what, *parts = tree
    if what == "Timestamp":
        number, unit, zone = parts
        made = pandas.Timestamp(numpy.datetime64(number, unit))
        return made if zone is None else made.tz_localize("UTC").tz_convert(unpack_zone(zone))
    if what == "Timedelta":
        return pandas.Timedelta(numpy.timedelta64(*parts))
    if what == "Period":
        return pandas.Period(ordinal=parts[0], freq=parts[1])
    if what == "Interval":
        return pandas.Interval(unpack_value(parts[0]), unpack_value(parts[1]), closed=parts[2])
    if what == "offset":
        return pandas.tseries.frequencies.to_offset(parts[0])
    raise Undecodable(f"a pandas object of a kind not known here: {what!r}")
