"""What of a class decides how its instances behave."""

from __future__ import annotations

import dataclasses
import enum
import types
from typing import Any, Callable, Iterator, List, Tuple

Member = Tuple[str, Callable[[], Any], Any]

_TRIVIA = frozenset("""
    __module__ __doc__ __dict__ __weakref__ __qualname__ __annotations__ __firstlineno__ __static_attributes__
    __dataclass_fields__ __dataclass_params__ __match_args__ __parameters__ __orig_bases__ __slots__ __hash__
    __abstractmethods__ _abc_impl __annotate__ __annotate_func__ __annotations_cache__ __type_params__
    __protocol_attrs__ _is_protocol _is_runtime_protocol __non_callable_proto_members__
    __callable_proto_members_only__
    """.split())
_PLACES = (types.MemberDescriptorType, types.GetSetDescriptorType)


def class_members(cls: type) -> Iterator[Member]:
    """The members of the class itself that count: name, how to read it again, what it is now."""
    if issubclass(cls, enum.Enum):
        members = [[name, member.value] for name, member in cls.__members__.items()]
        yield "members", lambda: [[name, each.value] for name, each in cls.__members__.items()], members
    if dataclasses.is_dataclass(cls):
        fields = _fields(cls)
        yield "fields", lambda: fields, fields
    for name, value in sorted(vars(cls).items()):
        if name in _TRIVIA or isinstance(value, _PLACES) or _is_generated(cls, name, value):
            continue
        yield name, _reader(cls, name), value


def _reader(cls: type, name: str) -> Callable[[], Any]:
    return lambda: vars(cls).get(name)


def _is_generated(cls: type, name: str, value: Any) -> bool:
    """Whether the standard library made it, from what counts already."""
    if issubclass(cls, enum.Enum) and (
        isinstance(value, cls) or name.startswith("_") or type(value).__module__ == "enum"
    ):
        return not isinstance(value, types.FunctionType)
    fields = getattr(cls, "_fields", ())
    if fields and issubclass(cls, tuple) and (name in fields or name.startswith("_")):
        return not isinstance(value, types.FunctionType) or value.__module__ != cls.__module__
    code = getattr(getattr(value, "__func__", value), "__code__", None)
    return code is not None and code.co_filename == "<string>"


def _fields(cls: Any) -> List[Any]:
    found: List[Any] = []
    for field in dataclasses.fields(cls):
        default = None if field.default is dataclasses.MISSING else field.default
        factory = None if field.default_factory is dataclasses.MISSING else field.default_factory
        name = getattr(factory, "__qualname__", None)
        try:
            default_repr: Any = type(default).__repr__
            shown = repr(default) if default_repr is not object.__repr__ else type(default).__qualname__
        except Exception:
            shown = type(default).__qualname__
        found.append([field.name, shown, name, field.init, field.compare])
    return found
