"""NumPy in the codec: arrays and scalars by their buffers. Loaded only where NumPy is in use."""

from __future__ import annotations

import numpy

from .codec import Packer, Undecodable, Unstorable, tagged, unpack as unpack_value, unpack_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List

#: Arrays that are told from others by their class, and hold nothing more.
_VIEWS: Dict[str, Any] = {"recarray": numpy.recarray, "matrix": numpy.matrix}
_TEXTS: Dict[str, Any] = {"str_": numpy.str_, "bytes_": numpy.bytes_}
#: Arrays of strings of any length, since NumPy 2.
_StringDType: Any = getattr(getattr(numpy, "dtypes", None), "StringDType", None)


def pack(packer: Packer, value: Any) -> Any:
    """An array, a scalar or a dtype. Raises `Unstorable` for subclasses, and what holds what cannot be
    stored."""
    kind = type(value)
    if kind is numpy.ndarray:
        return _pack_array(packer, value)
    if kind is numpy.ma.MaskedArray:
        return _pack_masked(packer, value)
    if value is numpy.ma.masked:
        return tagged("masked", None)
    if _VIEWS.get(kind.__name__) is kind:
        return tagged("ndview", _pack_array(packer, value.view(numpy.ndarray)), t=kind.__name__)
    if isinstance(value, numpy.dtype):
        return tagged("dtype", _description(value))
    if _TEXTS.get(kind.__name__) is kind:  # an array would take zeros at its end for padding
        return tagged("nptext", packer.pack(value[:]), t=kind.__name__)
    if isinstance(value, numpy.generic):
        return packer.blob("npscalar", value.tobytes(), d=_description(value.dtype))
    raise Unstorable(f"a numpy {kind.__qualname__} cannot be stored")


def _pack_array(packer: Packer, value: Any) -> Dict[str, Any]:
    order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
    more = {"s": list(value.shape), "o": order, "w": bool(value.flags.writeable)}
    if packer.seen is not None and not (value.flags.forc and value.flags.aligned):
        more.update(t=list(value.strides), a=bool(value.flags.aligned))  # sums depend on it
    dtype = value.dtype
    if dtype == object:
        return tagged("ndobjects", packer.sequence(_flat(value, order)), **more)
    if _StringDType is not None and isinstance(dtype, _StringDType):
        items = [item if type(item) is str else None for item in _flat(value, order)]
        return tagged("ndstrings", packer.sequence(items), d=_pack_string_dtype(packer, dtype), **more)
    description = _description(dtype)
    if not dtype.itemsize:
        return packer.blob("ndarray", b"", d=description, **more)
    # As bytes, of which only an array that is not contiguous needs a copy.
    return packer.blob("ndarray", value.ravel(order=order).view(numpy.uint8).data, d=description, **more)


def _flat(value: Any, order: str) -> List[Any]:
    items: List[Any] = (value if order == "C" else value.T).ravel().tolist()
    return items


def _pack_string_dtype(packer: Packer, dtype: Any) -> Any:
    missing = getattr(dtype, "na_object", _StringDType)  # no strings are missing where there is none
    if isinstance(missing, str):
        raise Unstorable("a numpy array of strings one of which stands for missing ones cannot be stored")
    return [bool(dtype.coerce), None if missing is _StringDType else [packer.pack(missing)]]


def _string_dtype(tree: Any) -> Any:
    if _StringDType is None:
        raise Undecodable("an array of strings, of a later version of numpy")
    coerce, missing = tree
    if missing is None:
        return _StringDType(coerce=coerce)
    return _StringDType(coerce=coerce, na_object=unpack_value(missing[0]))


def _pack_masked(packer: Packer, value: Any) -> Dict[str, Any]:
    if set(vars(value)) - _MASKED_ATTRIBUTES or value._optinfo or type(value.data) is not numpy.ndarray:
        raise Unstorable("a masked array with attributes of its own cannot be stored")
    mask, fill = value._mask, value._fill_value
    return tagged(
        "masked",
        _pack_array(packer, value.data),
        m=None if mask is numpy.ma.nomask else _pack_array(packer, numpy.asarray(mask)),
        f=None if fill is None else _pack_array(packer, numpy.asarray(fill)),
        h=bool(value.hardmask),
    )


_MASKED_ATTRIBUTES = frozenset(vars(numpy.ma.array([0])))


def _unpack_masked(tree: Dict[str, Any]) -> Any:
    if tree["v"] is None:
        return numpy.ma.masked
    mask = numpy.ma.nomask if tree["m"] is None else unpack_value(tree["m"])
    made: Any = numpy.ma.MaskedArray(unpack_value(tree["v"]), mask=mask, hard_mask=tree["h"])
    if tree["f"] is not None:
        made._fill_value = unpack_value(tree["f"])
    return made


def _description(dtype: Any) -> Any:
    if dtype.hasobject:
        raise Unstorable("a numpy record with Python objects cannot be stored")
    if dtype.fields is None and dtype.subdtype is None:
        description: Any = dtype.str
    else:
        description = numpy.lib.format.dtype_to_descr(dtype)
    if dtype.metadata or _dtype(_plain(description)) != dtype:
        raise Unstorable(f"the numpy dtype {dtype} cannot be stored")
    return description if dtype.type is not numpy.record else ["record", description]


def _plain(description: Any) -> Any:
    # What JSON makes of a description: its tuples come back as lists.
    if isinstance(description, (list, tuple)):
        return [_plain(part) for part in description]
    return description


def _dtype(description: Any) -> Any:
    if isinstance(description, list) and description[:1] == ["record"]:
        return numpy.dtype((numpy.record, _dtype(description[1])))
    return numpy.lib.format.descr_to_dtype(_fields(description))


def _fields(description: Any) -> Any:
    if not isinstance(description, list):
        return description
    fields: List[Any] = []
    for name, kind, *shape in description:
        fields.append((tuple(name) if isinstance(name, list) else name, _fields(kind), *map(tuple, shape)))
    return fields


def _shaped(flat: Any, tree: Dict[str, Any]) -> Any:
    array = flat.reshape(tree["s"], order=tree["o"])
    array.flags.writeable = tree["w"]
    return array


def _unpack_array(tree: Dict[str, Any]) -> Any:
    dtype = _dtype(tree["d"])
    if dtype.hasobject:
        raise Undecodable("a numpy array of Python objects")
    if not dtype.itemsize:
        return _shaped(numpy.zeros(tree["s"], dtype), tree)
    # A bytearray, so that the array may be written to without another copy.
    return _shaped(numpy.frombuffer(bytearray(unpack_bytes(tree)), dtype), tree)


def _unpack_objects(tree: Dict[str, Any]) -> Any:
    made: Any = numpy.empty(len(tree["v"]), dtype=object)
    for place, item in enumerate(tree["v"]):
        made[place] = unpack_value(item)
    return _shaped(made, tree)


def _unpack_strings(tree: Dict[str, Any]) -> Any:
    dtype = _string_dtype(tree["d"])
    missing = getattr(dtype, "na_object", None)
    items = [missing if item is None else unpack_value(item) for item in tree["v"]]
    return _shaped(numpy.array(items, dtype=dtype), tree)


def _unpack_view(tree: Dict[str, Any]) -> Any:
    array = unpack_value(tree["v"])
    if type(array) is not numpy.ndarray:
        raise Undecodable("not an array")
    return array.view(_VIEWS[tree["t"]])


def _unpack_scalar(tree: Dict[str, Any]) -> Any:
    dtype = _dtype(tree["d"])
    if dtype.hasobject:
        raise Undecodable("a numpy scalar of Python objects")
    return numpy.frombuffer(unpack_bytes(tree), dtype)[0]


_UNPACKERS: Dict[str, Callable[[Dict[str, Any]], Any]] = {
    "ndarray": _unpack_array,
    "ndobjects": _unpack_objects,
    "ndstrings": _unpack_strings,
    "ndview": _unpack_view,
    "masked": _unpack_masked,
    "npscalar": _unpack_scalar,
    "nptext": lambda tree: _TEXTS[tree["t"]](unpack_value(tree["v"])),
    "dtype": lambda tree: _dtype(tree["v"]),
}


def unpack(tree: Dict[str, Any]) -> Any:
    """The array, scalar or dtype of a tree."""
    return _UNPACKERS[tree["$memod"]](tree)
