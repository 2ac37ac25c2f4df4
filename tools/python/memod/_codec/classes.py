"""Instances of the program's own classes in the codec: enums, dataclasses, named tuples; and the way to the
packers of NumPy and pandas, which are loaded only where a value of theirs shows up."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any, Dict, List, Tuple

from . import module_names
from .codec import Fallback, Packer, Undecodable, Unstorable, register, register_fallback, tagged, unpack


def class_reference(cls: type) -> str:
    """`module:qualname` of a class. Raises `Unstorable` where that does not lead back to the class."""
    found = module_names.resolve(module_names.named(module_names.label(cls.__module__)), cls.__qualname__)
    if found is not cls:
        raise Unstorable(f"the class {cls.__qualname__} cannot be found by its name")
    return f"{module_names.label(cls.__module__)}:{cls.__qualname__}"


def referenced_class(reference: str) -> Any:
    """The class that a reference names, among the modules that are loaded. Raises `Undecodable`."""
    module, _, qualname = reference.partition(":")
    found = module_names.resolve(module_names.named(module), qualname)
    if not isinstance(found, type):
        raise Undecodable(f"there is no class {reference} here")
    return found


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
    if isinstance(value, enum.Enum):
        return _pack_enum(packer, value)
    packer.must_verify = True
    if isinstance(value, tuple) and is_named_tuple(cls):
        return tagged(
            "namedtuple", packer.sequence(value), t=packer.class_reference(cls), f=list(cls._fields)
        )
    if dataclasses.is_dataclass(cls) and has_plain_layout(cls):
        return _pack_dataclass(packer, value)
    raise Unstorable(f"a {cls.__module__}.{cls.__qualname__} cannot be stored")


_TUPLE_EQUALITY: Any = tuple.__eq__


def is_named_tuple(cls: Any) -> bool:
    """Whether instances are nothing but a tuple with names for its places."""
    fields = getattr(cls, "_fields", None)
    return (
        isinstance(fields, tuple)
        and all(type(name) is str for name in fields)
        and cls.__eq__ is _TUPLE_EQUALITY
        and cls.__dictoffset__ == 0
    )


def has_plain_layout(cls: type) -> bool:
    """Whether all that an instance holds is in its `__dict__` and its slots."""
    if issubclass(cls, (BaseException, type)):
        return False
    return all(base is object or _heap(base) for base in cls.__mro__)


def _heap(cls: type) -> bool:
    return bool(cls.__flags__ & (1 << 9))  # Py_TPFLAGS_HEAPTYPE: made by a class statement


def slots(cls: Any) -> Tuple[str, ...]:
    """The attributes of a class's instances that live in slots."""
    found: List[str] = []
    for base in cls.__mro__:
        names = vars(base).get("__slots__", ())
        for name in (names,) if isinstance(names, str) else tuple(names):
            if name not in ("__dict__", "__weakref__") and name not in found:
                found.append(name)
    return tuple(found)


def state(value: Any) -> Dict[str, Any]:
    """All the attributes that an instance itself holds."""
    held = dict(getattr(value, "__dict__", {}))
    for name in slots(type(value)):
        if name.startswith("__") and not name.endswith("__"):
            raise Unstorable("a slot with a private name cannot be stored")
        try:
            held[name] = getattr(value, name)
        except AttributeError:
            pass
    return held


def _pack_dataclass(packer: Packer, value: Any) -> Any:
    cls = type(value)
    names = [field.name for field in dataclasses.fields(cls)]
    held = state(value)
    if set(held) != set(names):
        raise Unstorable(f"a {cls.__qualname__} with attributes beside its fields cannot be stored")
    equality: Any = cls.__eq__
    if equality is object.__eq__:
        raise Unstorable(f"a {cls.__qualname__} is equal to nothing but itself")
    packer.volatile = True
    fields = [[name, packer.pack(held[name])] for name in names]
    return tagged("dataclass", fields, t=packer.class_reference(cls))


def _unpack_dataclass(tree: Dict[str, Any]) -> Any:
    cls: Any = referenced_class(tree["t"])
    names = [name for name, _ in tree["v"]]
    known = getattr(cls, "__dataclass_fields__", None)
    if known is None or [field.name for field in dataclasses.fields(cls)] != names:
        raise Undecodable(f"the class {tree['t']} has other fields now")
    made: Any = object.__new__(cls)
    for name, item in tree["v"]:
        object.__setattr__(made, name, unpack(item))
    return made


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
    if isinstance(value, enum.Flag) and cls(value.value) == value:
        return tagged("flags", packer.pack(value.value), t=reference)
    raise Unstorable(f"a {cls.__qualname__} that is none of its members cannot be stored")


def _enum_class(tree: Dict[str, Any]) -> Any:
    cls = referenced_class(tree["t"])
    if not issubclass(cls, enum.Enum):
        raise Undecodable(f"the class {tree['t']} is no enum now")
    return cls


register_fallback(Fallback(class_reference, pack_other))
register("enum", (), None, lambda t: _enum_class(t).__members__[t["v"]])
register("flags", (), None, lambda t: _enum_class(t)(unpack(t["v"])))
register("dataclass", (), None, _unpack_dataclass)
register("namedtuple", (), None, _unpack_named_tuple)


def _lazily(module: str) -> Any:
    def unpack_lazily(tree: Dict[str, Any]) -> Any:
        import importlib

        return importlib.import_module(f"{__package__}.{module}").unpack(tree)

    return unpack_lazily


register("ndarray", (), None, _lazily("arrays"))
register("npscalar", (), None, _lazily("arrays"))
register("dtype", (), None, _lazily("arrays"))
register("pandas", (), None, _lazily("frames"))
