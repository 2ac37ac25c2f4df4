"""NumPy in the codec: arrays and scalars by their buffers. Loaded only where NumPy is in use."""

from __future__ import annotations

from typing import Any, Dict, List

import numpy

from .codec import Packer, Undecodable, Unstorable, pack_bytes, tagged, unpack_bytes


def pack(packer: Packer, value: Any) -> Any:
    """An array, a scalar or a dtype. Raises `Unstorable` for what holds Python objects, and for
    subclasses."""
    if type(value) is numpy.ndarray:
        return _pack_array(value)
    if isinstance(value, numpy.dtype):
        return tagged("dtype", _description(value))
    if isinstance(value, numpy.generic):
        _description(value.dtype)
        return pack_bytes("npscalar", value.tobytes(), d=_description(value.dtype))
    raise Unstorable(f"a numpy {type(value).__qualname__} cannot be stored")


def _pack_array(value: Any) -> Dict[str, Any]:
    order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
    return pack_bytes(
        "ndarray",
        value.tobytes(order=order),
        d=_description(value.dtype),
        s=list(value.shape),
        o=order,
        w=bool(value.flags.writeable),
    )


def _description(dtype: Any) -> Any:
    if dtype.hasobject:
        raise Unstorable("a numpy array of Python objects cannot be stored")
    if dtype.fields is None and dtype.subdtype is None:
        description: Any = dtype.str
    else:
        description = numpy.lib.format.dtype_to_descr(dtype)
    if _dtype(_plain(description)) != dtype or dtype.metadata:
        raise Unstorable(f"the numpy dtype {dtype} cannot be stored")
    return description


def _plain(description: Any) -> Any:
    # What JSON makes of a description: its tuples come back as lists.
    if isinstance(description, (list, tuple)):
        return [_plain(part) for part in description]
    return description


def _dtype(description: Any) -> Any:
    return numpy.lib.format.descr_to_dtype(_fields(description))


def _fields(description: Any) -> Any:
    if not isinstance(description, list):
        return description
    fields: List[Any] = []
    for name, kind, *shape in description:
        fields.append((tuple(name) if isinstance(name, list) else name, _fields(kind), *map(tuple, shape)))
    return fields


def unpack(tree: Dict[str, Any]) -> Any:
    """The array, scalar or dtype of a tree."""
    if tree["$memod"] == "dtype":
        return _dtype(tree["v"])
    dtype = _dtype(tree["d"])
    if dtype.hasobject:
        raise Undecodable("a numpy array of Python objects")
    data = unpack_bytes(tree)
    if tree["$memod"] == "npscalar":
        return numpy.frombuffer(data, dtype)[0]
    made = numpy.frombuffer(data, dtype) if data else numpy.empty(0, dtype)
    array = made.reshape(tree["s"], order=tree["o"]).copy(order=tree["o"])
    array.flags.writeable = tree["w"]
    return array
