"""Instances of the program's own classes in the codec: enums, dataclasses, named tuples; and the way to the
packers of NumPy and pandas, which are loaded only where a value of theirs shows up."""

from __future__ import annotations

import enum

from . import library_types, models
from .class_layout import check_identity, class_reference, has_plain_layout, is_named_tuple, referenced_class, state
from .codec import Packer, Undecodable, Unstorable, register, register_fallback, tagged, unpack
from .late_classes import descends

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List


def pack_other(packer: Packer, value: Any) -> Any:
    """A value whose type is not one of those the codec knows by name."""
    cls = type(value)
    origin = cls.__module__.partition(".")[0]
    if origin == "numpy":
        from . import arrays

        return arrays.pack(packer, value)
    if origin == "pandas":
        from . import frames

        return frames.pack(packer, value)
    if origin == "polars":
        from . import polars_frames

        return polars_frames.pack(packer, value)
    if origin == "pyarrow":
        from . import arrow

        return arrow.pack(packer, value)
    pack = library_types.packer_of(cls)
    if pack is not None:
        return pack(packer, value)
    if isinstance(value, enum.Enum):
        return _pack_enum(packer, value)
    if descends(cls, "datetime.tzinfo"):
        return library_types.pack_zone(packer, value)
    packer.must_verify = True
    if isinstance(value, tuple) and is_named_tuple(cls):
        return tagged(
            "namedtuple", packer.sequence(value), t=packer.class_reference(cls), f=list(cls._fields)
        )
    if hasattr(cls, "__dataclass_fields__") and has_plain_layout(cls):
        return _pack_dataclass(packer, value)
    if models.is_attrs_class(cls):
        return models.pack_attrs(packer, value)
    if models.is_pydantic_model(cls):
        return models.pack_pydantic(packer, value)
    raise Unstorable(f"a {cls.__module__}.{cls.__qualname__} cannot be stored")


def _pack_dataclass(packer: Packer, value: Any) -> Any:
    cls = type(value)
    names = _field_names(cls)
    held = state(value)
    if set(held) != set(names):
        raise Unstorable(f"a {cls.__qualname__} with attributes beside its fields cannot be stored")
    check_identity(packer, value)
    packer.volatile = True
    fields = [[name, packer.pack(held[name])] for name in names]
    return tagged("dataclass", fields, t=packer.class_reference(cls))


def _field_names(cls: Any) -> List[str]:
    from dataclasses import fields  # which has made the class

    return [field.name for field in fields(cls)]


def _unpack_dataclass(tree: Dict[str, Any]) -> Any:
    cls: Any = referenced_class(tree["t"])
    names = [name for name, _ in tree["v"]]
    known = getattr(cls, "__dataclass_fields__", None)
    if known is None or _field_names(cls) != names:
        raise Undecodable(f"the class {tree['t']} has other fields now")
    made: Any = object.__new__(cls)
    items = {name: unpack(item) for name, item in tree["v"]}
    for name, item in items.items():
        object.__setattr__(made, name, item)
    if hasattr(cls, "__post_init__"):
        # What the class checks holds of every instance; what it computes has been computed already.
        made.__post_init__()
        held = state(made)
        if set(held) != set(items) or not all(_is_same(held[name], item) for name, item in items.items()):
            raise Undecodable(f"__post_init__ of {tree['t']} makes another value of it")
    return made


def _is_same(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and bool(one == other))


def _unpack_named_tuple(tree: Dict[str, Any]) -> Any:
    cls = referenced_class(tree["t"])
    if not issubclass(cls, tuple) or not is_named_tuple(cls) or list(cls._fields) != tree["f"]:
        raise Undecodable(f"the class {tree['t']} has other fields now")
    return tuple.__new__(cls, [unpack(item) for item in tree["v"]])


def _pack_enum(packer: Packer, value: enum.Enum) -> Any:
    cls = type(value)
    reference = packer.class_reference(cls)
    name = value.name
    if name is not None and cls.__members__.get(name) is value:
        return tagged("enum", name, t=reference)
    if isinstance(value, enum.Flag) and _combines_as_usual(cls) and cls(value.value) == value:
        return tagged("flags", packer.pack(value.value), t=reference)
    raise Unstorable(f"a {cls.__qualname__} that is none of its members cannot be stored")


def _enum_class(tree: Dict[str, Any]) -> Any:
    cls = referenced_class(tree["t"])
    if not issubclass(cls, enum.Enum):
        raise Undecodable(f"the class {tree['t']} is no enum now")
    return cls


def _combines_as_usual(cls: Any) -> bool:
    """Whether only the library makes members out of numbers: code of the class's own must not run for what data
    says."""
    made_by = getattr(cls._missing_, "__func__", None)
    return any(made_by is base.__dict__["_missing_"].__func__ for base in cls.__mro__ if _makes_flags(base))


def _makes_flags(cls: type) -> bool:
    return cls.__module__ == "enum" and "_missing_" in cls.__dict__


def _unpack_flags(tree: Dict[str, Any]) -> Any:
    cls = _enum_class(tree)
    value = unpack(tree["v"])
    if type(value) is not int or not issubclass(cls, enum.Flag) or not _combines_as_usual(cls):
        raise Undecodable(f"{value!r} is no combination of members of {tree['t']}")
    return cls(value)


register_fallback(class_reference, pack_other)
register("enum", (), None, lambda t: _enum_class(t).__members__[t["v"]])
register("flags", (), None, _unpack_flags)
register("dataclass", (), None, _unpack_dataclass)
register("namedtuple", (), None, _unpack_named_tuple)


def _lazily(module: str) -> Any:
    def unpack_lazily(tree: Dict[str, Any]) -> Any:
        import importlib

        return importlib.import_module(f"{__package__}.{module}").unpack(tree)

    return unpack_lazily


for _kind in ("ndarray", "ndobjects", "ndstrings", "ndview", "masked", "npscalar", "nptext", "dtype"):
    register(_kind, (), None, _lazily("arrays"))
register("pandas", (), None, _lazily("frames"))
register("polars", (), None, _lazily("polars_frames"))
register("arrow", (), None, _lazily("arrow"))
