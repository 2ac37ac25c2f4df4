"""What of a class decides how its instances behave."""

from __future__ import annotations

import abc
import collections
import enum
import re
import reprlib
import sys
import types

from .data_source import Constant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterator, List, Mapping, Tuple
    from typing_extensions import TypeAlias

Member: TypeAlias = "Tuple[str, Callable[[], Any], Any]"

_TRIVIA = frozenset(
    """
    __module__ __doc__ __dict__ __weakref__ __qualname__ __annotations__ __firstlineno__ __static_attributes__
    __dataclass_fields__ __dataclass_params__ __parameters__ __orig_bases__
    __abstractmethods__ _abc_impl __annotate__ __annotate_func__ __annotations_cache__ __type_params__
    __protocol_attrs__ _is_protocol _is_runtime_protocol __non_callable_proto_members__
    __callable_proto_members_only__
    """.split()
)
_PLACES = (
    types.MemberDescriptorType,
    types.GetSetDescriptorType,
    type(vars(collections.namedtuple("_Named", "x"))["x"]),
)
_DATACLASS_METHODS = frozenset(
    """
    __init__ __repr__ __eq__ __lt__ __le__ __gt__ __ge__ __hash__ __setattr__ __delattr__ __replace__
    __getstate__ __setstate__
    """.split()
)
_SCALARS = frozenset((str, int, float, bool, bytes, type(None)))
_NESTED = 0x10  # CO_NESTED
#: `list[int]`, and `int | str` since 3.10.
_ALIASES: Any = tuple(getattr(types, name) for name in ("GenericAlias", "UnionType") if hasattr(types, name))
WORD = re.compile(r"[^\W\d]\w*")
ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")
#: How pydantic refers to a class, by its address.
_REFERENCE = re.compile(r"cls_ref='[^']*'")


def is_type(value: Any) -> bool:
    """Whether it is a class, or what annotations make of classes."""
    kind = type(value)
    return issubclass(kind, (type, *_ALIASES)) or kind.__module__ == "typing"


def type_parts(value: Any) -> Iterator[Any]:
    """What such a thing holds that its text does not say."""
    for name in ("__bound__", "__default__", "__supertype__"):
        part = getattr(value, name, None)
        if part is not None:
            yield part
    for name in ("__constraints__", "__metadata__"):
        parts = getattr(value, name, None)
        yield from parts if isinstance(parts, tuple) else ()


def spelling(annotation: Any) -> str:
    """An annotation as text that is the same in every process."""
    return annotation if isinstance(annotation, str) else ADDRESS.sub("", repr(annotation))


def annotations_of(holder: Any) -> Mapping[str, Any]:
    """Those of a function or class itself, which since 3.14 are made when they are asked for."""
    held = vars(holder).get("__annotations__") if isinstance(holder, type) else None
    if held is not None:
        return dict(held)
    annotate = vars(holder).get("__annotate_func__") if isinstance(holder, type) else None
    try:
        if callable(annotate):
            return dict(annotate(1))  # as values
        return {} if isinstance(holder, type) else dict(holder.__annotations__)
    except Exception:  # a name in them is only there for type checkers
        library: Any = sys.modules.get("annotationlib")
        if library is None:
            import annotationlib as library  # type: ignore[no-redef,import-not-found,unused-ignore]
        return dict(library.get_annotations(holder, format=library.Format.STRING))


def class_annotations(cls: type) -> Iterator[Tuple[str, str, List[Any]]]:
    """The annotations of the class itself, by which data become instances: name, text, and the types that
    it names."""
    namespace = getattr(sys.modules.get(cls.__module__), "__dict__", {})
    for name, annotation in annotations_of(cls).items():
        text = spelling(annotation)
        parts = (annotation, *map(namespace.get, WORD.findall(text)))
        yield name, text, [part for part in parts if is_type(part)]


def class_members(cls: type) -> Iterator[Member]:
    """The members of the class itself that count: name, how to read it again, what it is now."""
    held = vars(cls)
    if issubclass(cls, enum.Enum):
        yield "members", lambda: _enum_members(cls), _enum_members(cls)
    if "__dataclass_params__" in held:
        yield from _dataclass_members(held)
    if "__attrs_attrs__" in held:
        yield from _attrs_members(held)
    if "__pydantic_fields__" in held:
        yield from _pydantic_members(held)
    for name, value in sorted(held.items()):
        if name in _TRIVIA or type(value) in _PLACES or _is_generated(cls, name, value):
            continue
        yield name, _reader(cls, name), value


def generated_members(cls: type) -> Iterator[Tuple[str, Any]]:
    """Functions and slots that count by what they were made of, as long as nothing has taken their place."""
    for name, value in vars(cls).items():
        if name not in _TRIVIA and (type(value) in _PLACES or type(value) is types.FunctionType and _is_generated(cls, name, value)):
            yield name, value


def _enum_members(cls: Any) -> List[Any]:
    """The members of an enum, with their values, and what else was put onto them."""
    return [
        [name, each.value, [pair for pair in vars(each).items() if pair[0][:1] != "_" and type(pair[1]) in _SCALARS]]
        for name, each in cls.__members__.items()
    ]


def _reader(cls: type, name: str) -> Callable[[], Any]:
    return lambda: vars(cls).get(name)


def _constant(name: str, value: Any) -> Member:
    return name, Constant(value), value


def _is_generated(cls: type, name: str, value: Any) -> bool:
    """Whether the standard library made it, from what counts already."""
    if issubclass(cls, enum.Enum) and name != "_boundary_":
        if issubclass(type(value), cls):
            return True
        return name[0] == name[-1] == "_" and not callable(value) and not hasattr(type(value), "__get__")
    if "__attrs_attrs__" in vars(cls):
        if name in ("__attrs_attrs__", "__attrs_own_setattr__", "__match_args__"):
            return True
        return isinstance(value, types.FunctionType) and value.__code__.co_filename.startswith("<attrs generated")
    if "__pydantic_fields__" in vars(cls):
        return name.startswith("__pydantic_") or name in ("__class_vars__", "__private_attributes__", "__signature__")
    if "__dataclass_params__" in vars(cls) and name in _DATACLASS_METHODS:
        return isinstance(value, types.FunctionType) and _is_of_dataclasses(value)
    return False


def _is_of_dataclasses(function: types.FunctionType) -> bool:
    """Whether `dataclasses` holds or has generated it."""
    if function.__globals__ is vars(reprlib):  # what keeps a `__repr__` from endless recursion, since 3.13
        function = getattr(function, "__wrapped__", function)
    if function.__globals__ is getattr(sys.modules.get("dataclasses"), "__dict__", None):
        return True
    # A program that is a string itself has the same file name, but not what `dataclasses` calls its scope.
    code: Any = function.__code__
    scope = getattr(code, "co_qualname", "__create_fn__.")  # since 3.11
    return bool(
        code.co_filename == "<string>" and code.co_flags & _NESTED and scope.startswith("__create_fn__.")
    )


def _dataclass_members(held: Mapping[str, Any]) -> Iterator[Member]:
    """What the generated methods are made from."""
    from dataclasses import MISSING  # which has made the class

    fields = held["__dataclass_fields__"]
    traits = [
        (each.name, each.init, each.repr, each.hash, each.compare, getattr(each, "kw_only", None) is True)
        + (each._field_type.name,)
        for each in fields.values()
    ]
    yield _constant("dataclass", repr((held["__dataclass_params__"], traits)))
    for name, field in fields.items():
        if field.default is not MISSING and held.get(name) is not field.default:
            yield _constant(f"{name} default", field.default)
        if field.default_factory is not MISSING:
            yield _constant(f"{name} factory", field.default_factory)
        if field.metadata:
            yield _constant(f"{name} metadata", dict(field.metadata))


def _attrs_members(held: Mapping[str, Any]) -> Iterator[Member]:
    """What attrs makes its methods from."""
    for each in held["__attrs_attrs__"]:
        traits = [getattr(each, name, None) for name in ("name", "eq", "order", "hash", "init", "repr", "kw_only", "alias")]
        yield _constant("attrs", repr([trait if isinstance(trait, (str, bool)) else callable(trait) for trait in traits]))
        factory = getattr(each.default, "factory", None)
        yield _constant(f"{each.name} default", each.default if factory is None else factory)
        if each.metadata:
            yield _constant(f"{each.name} metadata", dict(each.metadata))
        for part in ("validator", "converter", "on_setattr", "eq_key", "order_key"):
            if callable(getattr(each, part, None)):
                yield _constant(f"{each.name} {part}", getattr(each, part))
    setup = [(name, name in held and getattr(held[name], "__name__", "")) for name in sorted(_ATTRS_METHODS)]
    yield _constant("attrs methods", repr(setup))


_ATTRS_METHODS = frozenset("__init__ __repr__ __eq__ __ne__ __lt__ __hash__ __setattr__ __attrs_init__".split())


def _pydantic_members(held: Mapping[str, Any]) -> Iterator[Member]:
    """What pydantic makes its validators from. Those that are methods are members as any others."""
    for name, field in held["__pydantic_fields__"].items():
        yield _constant(f"{name} field", spelling(field))
        if type(field.default).__module__ != "pydantic_core._pydantic_core":  # what says that there is none
            yield _constant(f"{name} default", field.default)
        if field.default_factory is not None:
            yield _constant(f"{name} factory", field.default_factory)
        for place, part in enumerate(field.metadata):
            if callable(getattr(part, "func", None)):
                yield _constant(f"{name} validator {place}", part.func)
    yield _constant("decorators", _REFERENCE.sub("", spelling(held.get("__pydantic_decorators__"))))
    for name, private in (held.get("__private_attributes__") or {}).items():
        yield _constant(f"{name} private", spelling(private))
        if type(private.default).__module__ != "pydantic_core._pydantic_core":
            yield _constant(f"{name} private default", private.default)
        if getattr(private, "default_factory", None) is not None:
            yield _constant(f"{name} private factory", private.default_factory)


#: One object for each text, so that a look tells whether it is the same.
_texts: Dict[str, str] = {}


def is_abstract(value: Any) -> bool:
    """Whether classes can be registered with it, which then count as its subclasses."""
    return issubclass(type(value), abc.ABCMeta) and _registry is not None


def registered(cls: Any, counts: Callable[[Any], bool]) -> str:
    """The classes registered with one, of those that count, by name."""
    found = [each() for each in _registry(cls)[0]]
    text = repr(sorted(f"{each.__module__}.{each.__qualname__}" for each in found if each is not None and counts(each)))
    return _texts.setdefault(text, text)


#: Of the interpreter's own; another one may have none.
_registry: Any = getattr(sys.modules.get("_abc"), "_get_dump", None)
